package match

import "golang.org/x/sys/unix"

// mapSlab is fresh memory straight from the system, in huge pages if it has
// any; nil if it has none to give.
func mapSlab(n int) []byte {
	b, err := unix.Mmap(-1, 0, n, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		return nil
	}
	_ = unix.Madvise(b, unix.MADV_HUGEPAGE) // small pages do too
	return b
}

func unmapSlab(b []byte) { _ = unix.Munmap(b) }
