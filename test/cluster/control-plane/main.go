// One program for the whole cluster under test, because five would link the same hundred megabytes five times.
// The first argument, or the name it is called by, says which one it is.
package main

import (
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"k8s.io/component-base/cli"
	kubectl "k8s.io/kubectl/pkg/cmd"
	"k8s.io/kubectl/pkg/cmd/util"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllers "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
)

var programs = map[string]func() int{
	"etcd":                    serving(etcd),
	"kube-apiserver":          serving(func() int { return cli.Run(apiserver.NewAPIServerCommand()) }),
	"kube-controller-manager": serving(func() int { return cli.Run(controllers.NewControllerManagerCommand()) }),
	"kube-scheduler":          serving(func() int { return cli.Run(scheduler.NewSchedulerCommand()) }),
	"etcd-compact":            etcdCompact,
	"kubectl": func() int {
		if err := cli.RunNoErrOutput(kubectl.NewDefaultKubectlCommand()); err != nil {
			util.CheckErr(err)
		}
		return 0
	},
}

// serving ends on SIGTERM at once: nothing in a test run is worth the minute that an API server takes to say goodbye.
func serving(run func() int) func() int {
	return func() int {
		ending := make(chan os.Signal, 1)
		signal.Notify(ending, syscall.SIGTERM)
		go func() {
			<-ending
			os.Exit(0)
		}()
		return run()
	}
}

func main() {
	name := filepath.Base(os.Args[0])
	if programs[name] == nil && len(os.Args) > 1 {
		// Each of them reads os.Args by itself.
		os.Args = os.Args[1:]
		name = os.Args[0]
	}
	run := programs[name]
	if run == nil {
		fmt.Fprintf(os.Stderr, "%s is none of the programs in here\n", name)
		os.Exit(2)
	}
	os.Exit(run())
}
