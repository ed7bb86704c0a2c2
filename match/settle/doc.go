// Package settle makes settlements of what was cleared, allocates bank credits to
// them, and proves that no money is counted twice or left out.
package settle
