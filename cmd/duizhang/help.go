package main

import (
	"io"
	"strings"
	"text/template"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// localise puts help and usage of the whole tree into one language. Cobra's own
// templates are English and speak of themselves.
func localise(root *cobra.Command, lang language) {
	help := &cobra.Command{
		Use:   "help [COMMAND]",
		Short: say(lang, msgHelpShort),
		RunE: func(cmd *cobra.Command, args []string) error {
			target, rest, err := root.Find(args)
			if err != nil || len(rest) > 0 && target == root {
				return usage(msgUnknownCommand, args[0], nearest(args[0], commandNames(root)))
			}
			return target.Help()
		},
	}
	root.SetHelpCommand(help)
	root.SetHelpFunc(func(cmd *cobra.Command, _ []string) {
		page := helpPage(cmd, lang)
		line(cmd.OutOrStdout(), strings.TrimRight(page, "\n"))
	})
	each(root, func(c *cobra.Command) {
		c.Flags().BoolP("help", "h", false, say(lang, msgFlagHelp))
		c.DisableFlagsInUseLine = true
	})
}

func each(c *cobra.Command, do func(*cobra.Command)) {
	do(c)
	for _, sub := range c.Commands() {
		each(sub, do)
	}
}

var helpTemplate = template.Must(template.New("help").Parse(`{{.About}}

{{.UsageWord}}
  {{.Use}}
{{if .Commands}}
{{.CommandsWord}}
{{.Commands}}{{end}}{{if .Flags}}
{{.FlagsWord}}
{{.Flags}}{{end}}{{if .Exit}}
{{.ExitWord}}
{{.Exit}}{{end}}`))

func helpPage(cmd *cobra.Command, lang language) string {
	about := cmd.Long
	if about == "" {
		about = cmd.Short
	}
	use := cmd.CommandPath() + strings.TrimPrefix(cmd.Use, cmd.Name())
	if !cmd.HasParent() {
		use += " " + say(lang, msgRootUse)
	}
	var page strings.Builder
	err := helpTemplate.Execute(&page, map[string]string{
		"About": about, "Use": use,
		"UsageWord": say(lang, msgUsageWord), "CommandsWord": say(lang, msgCommandsWord),
		"FlagsWord": say(lang, msgFlagsWord), "ExitWord": say(lang, msgExitWord),
		"Commands": commandList(cmd), "Flags": flagList(cmd), "Exit": cmd.Annotations["exit"],
	})
	if err != nil {
		return err.Error() // the template is fixed; a test renders every page
	}
	return page.String()
}

func commandList(cmd *cobra.Command) string {
	var b strings.Builder
	for _, c := range cmd.Commands() {
		if !c.Hidden {
			column(&b, c.Name(), 12, c.Short)
		}
	}
	return b.String()
}

func flagList(cmd *cobra.Command) string {
	var b strings.Builder
	cmd.Flags().SortFlags = false
	show := func(f *pflag.Flag) {
		name := "--" + f.Name
		if f.Shorthand != "" {
			name = "-" + f.Shorthand + ", " + name
		}
		if kind := f.Value.Type(); kind != "bool" {
			name += " " + strings.TrimSuffix(kind, "...")
		}
		text := f.Usage
		if d := f.DefValue; d != "" && d != "false" && d != "[]" {
			text += " (" + d + ")"
		}
		column(&b, name, 26, text)
	}
	cmd.NonInheritedFlags().VisitAll(show)
	cmd.InheritedFlags().VisitAll(show)
	return b.String()
}

// column writes one line of two columns; a long first column gets a line of
// its own.
func column(w io.StringWriter, left string, width int, right string) {
	gap := "\n" + strings.Repeat(" ", width+2)
	if len(left) < width {
		gap = strings.Repeat(" ", width-len(left))
	}
	_, _ = w.WriteString("  " + left + gap + right + "\n") // a strings.Builder does not fail
}
