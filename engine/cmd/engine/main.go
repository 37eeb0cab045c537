// Command engine owns a single-node Kubernetes with all that Brainpod needs around it.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"brainpod.io/engine/internal/config"
	"brainpod.io/engine/internal/doctor"
	"brainpod.io/engine/internal/leftovers"
	"brainpod.io/engine/internal/platform"
	"brainpod.io/engine/internal/probe"
	"brainpod.io/engine/internal/teardown"
	"brainpod.io/engine/internal/walls"
)

// version is set when the engine is built for a release.
var version = "development"

const usage = `The engine of Brainpod: Kubernetes and its edge on this machine.

  engine run --config FILE              run in the foreground until SIGTERM
  engine teardown --config FILE         end and remove all it made, except its data
  engine doctor --config FILE [--json]  check this machine, and say what to do
  engine probe --config FILE            print the facts that are decided from, as JSON
  engine leftovers --config FILE [--json]  list what of its own is there
  engine walls --config FILE            enforce network policies until SIGTERM (the engine runs this)
  engine version
`

// errReported is a failure that has been told already.
var errReported = errors.New("reported")

func main() {
	if filepath.Base(os.Args[0]) == walls.PluginType {
		os.Exit(walls.Plugin(os.Getenv, os.Stdin, os.Stdout))
	}
	if err := dispatch(os.Args[1:]); err != nil {
		if !errors.Is(err, errReported) {
			fmt.Fprintln(os.Stderr, "engine: "+err.Error())
		}
		os.Exit(1)
	}
}

func dispatch(args []string) error {
	if len(args) == 0 {
		fmt.Fprint(os.Stderr, usage)
		return errReported
	}
	commands := map[string]func(context.Context, *config.Config, bool) error{
		"run": runEngine, "teardown": runTeardown, "doctor": runDoctor, "probe": runProbe, "leftovers": runLeftovers,
		"walls": runWalls,
	}
	switch args[0] {
	case "version":
		fmt.Println(version)
		return nil
	case "help", "--help", "-h":
		fmt.Print(usage)
		return nil
	}
	command, known := commands[args[0]]
	if !known {
		fmt.Fprintf(os.Stderr, "engine: there is no command %q\n\n%s", args[0], usage)
		return errReported
	}
	flags := flag.NewFlagSet(args[0], flag.ContinueOnError)
	configPath := flags.String("config", "", "the configuration `FILE`")
	asJSON := flags.Bool("json", false, "print JSON")
	if err := flags.Parse(args[1:]); err != nil {
		return errReported
	}
	if *configPath == "" || flags.NArg() > 0 {
		return fmt.Errorf("usage: engine %s --config FILE", args[0])
	}
	cfg, err := config.Load(*configPath)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	return command(ctx, cfg, *asJSON)
}

func runTeardown(ctx context.Context, cfg *config.Config, _ bool) error {
	if os.Geteuid() != 0 {
		return errors.New("only root can take the engine down: run it with sudo")
	}
	return teardown.Run(ctx, cfg, logf)
}

func runWalls(ctx context.Context, cfg *config.Config, _ bool) error {
	log.SetFlags(log.LstdFlags | log.LUTC)
	return walls.Run(ctx, platform.WallsOptions(cfg, logf))
}

func runProbe(ctx context.Context, cfg *config.Config, _ bool) error {
	facts, err := probe.Gather(ctx, cfg)
	if err != nil {
		return err
	}
	return printJSON(facts)
}

func runDoctor(ctx context.Context, cfg *config.Config, asJSON bool) error {
	facts, err := probe.Gather(ctx, cfg)
	if err != nil {
		return err
	}
	results := doctor.Check(facts)
	if asJSON {
		if err := printJSON(results); err != nil {
			return err
		}
	} else {
		printResults(os.Stdout, results)
	}
	if len(doctor.Failed(results)) > 0 {
		return errReported
	}
	return nil
}

func printResults(w io.Writer, results []doctor.Result) {
	for _, r := range results {
		mark := "ok     "
		switch {
		case r.Warning:
			mark = "warning"
		case !r.OK:
			mark = "FAILED "
		}
		fmt.Fprintf(w, "%s  %s: %s\n", mark, r.Title, r.Found)
		if r.Remedy != "" {
			fmt.Fprintf(w, "         %s\n", r.Remedy)
		}
	}
}

func runLeftovers(ctx context.Context, cfg *config.Config, asJSON bool) error {
	items, err := leftovers.Find(ctx, cfg)
	if err != nil {
		return err
	}
	if asJSON {
		return printJSON(items)
	}
	for _, item := range items {
		fmt.Printf("%-10s %s\n", item.Kind, item.Name)
	}
	return nil
}

func printJSON(value any) error {
	encoder := json.NewEncoder(os.Stdout)
	encoder.SetIndent("", "  ")
	return encoder.Encode(value)
}
