package main

import (
	"context"
	"flag"
	"fmt"
	"net/url"
	"os"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/server/v3/embed"
)

const compactTimeout = 30 * time.Second

// etcd serves one member on --client, without TLS: it listens on loopback and lives as long as a test run.
func etcd() int {
	data := flag.String("data", "", "folder of the data")
	client := flag.String("client", "", "URL for clients")
	peer := flag.String("peer", "", "URL for peers, of which there are none")
	flag.Parse()

	config := embed.NewConfig()
	config.Dir = *data
	config.LogLevel = "error"
	// What is written here need not survive the machine, and fsync is what the tests would wait for.
	config.UnsafeNoFsync = true
	clientURL, err := url.Parse(*client)
	if err != nil {
		return failed(err)
	}
	peerURL, err := url.Parse(*peer)
	if err != nil {
		return failed(err)
	}
	config.ListenClientUrls, config.AdvertiseClientUrls = []url.URL{*clientURL}, []url.URL{*clientURL}
	config.ListenPeerUrls, config.AdvertisePeerUrls = []url.URL{*peerURL}, []url.URL{*peerURL}
	config.InitialCluster = config.InitialClusterFromName(config.Name)

	server, err := embed.StartEtcd(config)
	if err != nil {
		return failed(err)
	}
	defer server.Close()
	return failed(<-server.Err())
}

// etcdCompact forgets every revision before the present one: watches that ask for an older one are answered 410 Gone.
func etcdCompact() int {
	endpoint := flag.String("client", "", "URL of etcd")
	flag.Parse()

	ctx, cancel := context.WithTimeout(context.Background(), compactTimeout)
	defer cancel()
	client, err := clientv3.New(clientv3.Config{Endpoints: []string{*endpoint}, Context: ctx, DialTimeout: compactTimeout})
	if err != nil {
		return failed(err)
	}
	defer client.Close()
	now, err := client.Get(ctx, "revision")
	if err != nil {
		return failed(err)
	}
	if _, err := client.Compact(ctx, now.Header.Revision, clientv3.WithCompactPhysical()); err != nil {
		return failed(err)
	}
	fmt.Println(now.Header.Revision)
	return 0
}

func failed(err error) int {
	fmt.Fprintln(os.Stderr, err)
	return 1
}
