package main

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/pelletier/go-toml/v2"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// defaultConfig is read from the current folder when it is there.
const defaultConfig = "duizhang.toml"

// maxConfig bounds the configuration before it is read.
const maxConfig = 1 << 20

// Keys of the configuration have the names of the flags. Those that are paths
// are taken from the folder of the configuration, so that a scheduled task
// does not depend on its working folder.
var pathKeys = []string{"pos", "clearing", "bank", "out", "csv", "contracts", "calendar", "patterns", "layouts"}

// notKeys are flags that make no sense in the file.
var notKeys = []string{"config", "help"}

// config is a configuration file that has been read, not yet applied.
type config struct {
	file   string
	text   string
	values map[string]any
}

// readConfig reads the file that --config names, or the default one, which may
// be absent.
func readConfig(file string) (*config, error) {
	optional := file == ""
	if optional {
		file = defaultConfig
	}
	if err := regularFiles(file); err != nil {
		return nil, err
	}
	c := &config{file: file}
	info, err := os.Stat(file)
	switch {
	case optional && errors.Is(err, fs.ErrNotExist):
		return c, nil
	case err == nil && info.Size() > maxConfig:
		return nil, usage(msgConfigTooBig, file, sizeText(maxConfig))
	}
	raw, err := os.ReadFile(file)
	if err != nil {
		return nil, &failure{code: exitUsage, msg: msgConfigUnreadable, args: []any{file}, err: err}
	}
	if !utf8.Valid(raw) {
		return nil, usage(msgConfigNotUTF8, file)
	}
	c.text = strings.TrimPrefix(string(raw), "\ufeff")
	if err := toml.Unmarshal([]byte(c.text), &c.values); err != nil {
		return nil, configSyntax(file, err)
	}
	return c, nil
}

// configBeside is the configuration of a drop: in the folder that was dropped or
// that of the first file, in the current folder, or beside the program; "" is
// none of them. Where files are dropped, the current folder is anywhere.
func configBeside(files []string) string {
	var folders []string
	for _, f := range files {
		if info, err := os.Stat(f); err == nil && info.IsDir() {
			folders = append(folders, f)
		}
		folders = append(folders, folderOf(f))
		break
	}
	folders = append(folders, "")
	if self, err := os.Executable(); err == nil {
		folders = append(folders, filepath.Dir(self))
	}
	for _, folder := range folders {
		file := filepath.Join(folder, defaultConfig)
		if _, err := os.Stat(file); err == nil {
			return file
		}
	}
	return ""
}

// folderOf is the folder of a file, of a folder, or of the first file that a
// pattern fits.
func folderOf(path string) string {
	if found, _, err := expand(path); err == nil && len(found) > 0 && !isFolder(path) {
		path = found[0]
	}
	return filepath.Dir(filepath.Clean(path))
}

// forget takes keys out of a configuration.
func (c *config) forget(keys ...string) {
	for _, k := range keys {
		delete(c.values, k)
	}
}

func configSyntax(file string, err error) error {
	if wrong := (*toml.DecodeError)(nil); errors.As(err, &wrong) {
		line, column := wrong.Position()
		return usage(msgConfigSyntax, file, line, column, strings.TrimPrefix(wrong.Error(), "toml: "))
	}
	return usage(msgConfigSyntax, file, 1, 1, err.Error())
}

// languageInConfig is the configuration's language, or nothing: whatever is
// wrong with the file is told when it is read for good.
func languageInConfig(file string) string {
	c, err := readConfig(file)
	if err != nil {
		return ""
	}
	lang, _ := c.values["lang"].(string)
	return lang
}

// apply sets the flags of a command that the command line left alone. known
// are the flags of run, which every command's configuration may hold.
func (c *config) apply(flags, known *pflag.FlagSet, th *thresholds) error {
	for _, key := range sortedKeys(c.values) {
		if key == thresholdTable {
			if err := c.applyThresholds(th); err != nil {
				return err
			}
			continue
		}
		if known.Lookup(key) == nil || slices.Contains(notKeys, key) {
			return usage(msgConfigUnknownKey, c.at(key), key, nearest(key, configKeys(known)))
		}
		if f := flags.Lookup(key); f != nil && !f.Changed {
			if err := c.set(f, key); err != nil {
				return err
			}
		}
	}
	return nil
}

func sortedKeys(table map[string]any) []string {
	return slices.Sorted(maps.Keys(table))
}

func configKeys(flags *pflag.FlagSet) []string {
	keys := []string{thresholdTable}
	flags.VisitAll(func(f *pflag.Flag) {
		if !slices.Contains(notKeys, f.Name) {
			keys = append(keys, f.Name)
		}
	})
	return keys
}

// set gives one flag the value of its key. The TOML type must be the flag's:
// a quoted number or a bare word for a switch is a mistake.
func (c *config) set(f *pflag.Flag, key string) error {
	values, ok := configValues(f.Value.Type(), c.values[key])
	if !ok {
		return usage(msgConfigType, c.at(key), key, configTypes[f.Value.Type()])
	}
	for _, v := range values {
		if slices.Contains(pathKeys, key) {
			v = c.path(v)
		}
		if err := f.Value.Set(v); err != nil {
			return &failure{code: exitUsage, msg: msgConfigValue, args: []any{c.at(key), key}, err: err}
		}
	}
	return nil
}

// configTypes says in words what a flag's key wants.
var configTypes = map[string]message{
	"bool":         msgTypeBool,
	"N":            msgTypeInteger,
	"FILE...":      msgTypeStrings,
	"LIST":         msgTypeStrings,
	"[FILE:]VALUE": msgTypeStrings,
	"DATE":         msgTypeDate,
	"FILE":         msgTypeString,
	"DIR":          msgTypeString,
	"SIZE":         msgTypeString,
	"zh|en":        msgTypeString,
}

func configValues(flagType string, value any) (values []string, ok bool) {
	switch flagType {
	case "bool":
		b, ok := value.(bool)
		return []string{fmt.Sprint(b)}, ok
	case "N":
		n, ok := value.(int64)
		return []string{fmt.Sprint(n)}, ok
	case "DATE":
		switch t := value.(type) {
		case toml.LocalDate:
			return []string{t.String()}, true
		case toml.LocalDateTime:
			return []string{t.LocalDate.String()}, true
		case time.Time:
			return []string{t.Format(time.DateOnly)}, true
		}
	case "FILE...", "LIST", "[FILE:]VALUE":
		if list, ok := value.([]any); ok {
			return stringsOf(flagType, list)
		}
	}
	s, ok := value.(string)
	return []string{s}, ok
}

func stringsOf(flagType string, list []any) (values []string, ok bool) {
	for _, v := range list {
		s, ok := v.(string)
		if !ok {
			return nil, false
		}
		values = append(values, s)
	}
	if flagType == "LIST" {
		return []string{strings.Join(values, ",")}, true
	}
	return values, true
}

func (c *config) path(p string) string {
	if filepath.IsAbs(p) {
		return p
	}
	return filepath.Join(filepath.Dir(c.file), p)
}

// at is file:line of a key, for messages.
func (c *config) at(key string) string {
	for i, l := range strings.Split(c.text, "\n") {
		l = strings.TrimLeft(l, " \t[")
		l = strings.TrimPrefix(l, `"`)
		rest, found := strings.CutPrefix(l, key)
		if found && strings.IndexAny(rest, " \t=].\"") == 0 {
			return fmt.Sprintf("%s:%d", c.file, i+1)
		}
	}
	return c.file
}

// applyConfig reads the configuration for a command other than run: it takes
// the keys that it has flags for, and knows those of run.
func applyConfig(cmd *cobra.Command, file string, run *runFlags) error {
	c, err := readConfig(file)
	if err != nil {
		return err
	}
	return applyValues(c, cmd, run, &run.thresholds)
}

// applyValues takes the keys that a command has flags for, and knows those of run.
func applyValues(c *config, cmd *cobra.Command, run *runFlags, th *thresholds) error {
	known := pflag.NewFlagSet("run", pflag.ContinueOnError)
	run.register(known, languageFlag(cmd))
	known.AddFlag(cmd.Flag("lang"))
	return c.apply(cmd.Flags(), known, th)
}
