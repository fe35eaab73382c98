// Builds a tree of as many records as it is told and proves some of them, with Go's checksum-database library, which
// knows nothing of this project. All hashes are in memory.
//
//	tlog LEAVES PROOFS
//
// Prints one JSON object: seconds for the appends, and for the proofs of inclusion and of consistency.
package main

import (
	"encoding/binary"
	"encoding/json"
	"log"
	"os"
	"strconv"
	"time"

	"golang.org/x/mod/sumdb/tlog"
)

type stored []tlog.Hash

func (all stored) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	read := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		read[i] = all[index]
	}
	return read, nil
}

func number(at int) int64 {
	n, err := strconv.ParseInt(os.Args[at], 10, 64)
	if err != nil || n < 1 {
		log.Fatalf("argument %d is no number from 1", at)
	}
	return n
}

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func main() {
	leaves, proofs := number(1), number(2)
	var all stored
	begin := time.Now()
	for n := int64(0); n < leaves; n++ {
		record := make([]byte, 34)
		binary.BigEndian.PutUint64(record, uint64(n))
		hashes, err := tlog.StoredHashes(n, record, all)
		must(err)
		all = append(all, hashes...)
	}
	append_s := time.Since(begin).Seconds()
	root, err := tlog.TreeHash(leaves, all)
	must(err)
	step := leaves/proofs + 1
	begin = time.Now()
	proven := 0
	for n := int64(0); n < leaves; n += step {
		proof, err := tlog.ProveRecord(leaves, n, all)
		must(err)
		hash := all[tlog.StoredHashIndex(0, n)]
		must(tlog.CheckRecord(proof, leaves, root, n, hash))
		proven++
	}
	inclusion_s := time.Since(begin).Seconds() / float64(proven)
	begin = time.Now()
	proven = 0
	for n := int64(1); n < leaves; n += step {
		proof, err := tlog.ProveTree(leaves, n, all)
		must(err)
		old, err := tlog.TreeHash(n, all)
		must(err)
		must(tlog.CheckTree(proof, leaves, root, n, old))
		proven++
	}
	consistency_s := time.Since(begin).Seconds() / float64(proven)
	must(json.NewEncoder(os.Stdout).Encode(map[string]float64{
		"append_s": append_s, "inclusion_s": inclusion_s, "consistency_s": consistency_s,
	}))
}
