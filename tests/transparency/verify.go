// Verifies a public log with Go's checksum-database libraries, which know nothing of this project: the signed head, each
// tile, the inclusion of every entry, that the log goes on from an older head, and the countersignatures of those who are
// named. Tiles come over HTTP.
//
//	verify URL VKEY OLDER-CHECKPOINT [WITNESS-VKEY...]
//
// Prints a line for each check; the last line counts them.
package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

var passed, failed int

func check(what string, err error) {
	if err == nil {
		passed++
		fmt.Println("ok    ", what)
	} else {
		failed++
		fmt.Println("FAILED", what+":", err)
	}
}

func mustFail(what string, err error) {
	if err == nil {
		check(what, fmt.Errorf("it was not noticed"))
	} else {
		check(what, nil)
	}
}

func get(url string) ([]byte, error) {
	response, err := http.Get(url)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %s", url, response.Status)
	}
	return io.ReadAll(response.Body)
}

// open verifies a checkpoint and returns the tree that it signs.
func open(signed []byte, verifier note.Verifier) (tlog.Tree, error) {
	var tree tlog.Tree
	opened, err := note.Open(signed, note.VerifierList(verifier))
	if err != nil {
		return tree, err
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) != 4 || lines[0] != verifier.Name() || lines[3] != "" {
		return tree, fmt.Errorf("it is not origin, size and root: %q", opened.Text)
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil {
		return tree, err
	}
	root, err := base64.StdEncoding.DecodeString(lines[2])
	if err != nil || len(root) != tlog.HashSize {
		return tree, fmt.Errorf("no root: %q", lines[2])
	}
	tree.N = size
	copy(tree.Hash[:], root)
	return tree, nil
}

// witness verifies cosignatures of C2SP (type 0x04), which sumdb/note does not know.
type witness struct {
	name string
	hash uint32
	key  ed25519.PublicKey
	time uint64
}

func (w *witness) Name() string    { return w.name }
func (w *witness) KeyHash() uint32 { return w.hash }

func (w *witness) Verify(msg, sig []byte) bool {
	if len(sig) != 8+ed25519.SignatureSize {
		return false
	}
	w.time = binary.BigEndian.Uint64(sig)
	signed := fmt.Sprintf("cosignature/v1\ntime %d\n%s", w.time, msg)
	return ed25519.Verify(w.key, []byte(signed), sig[8:])
}

func newWitness(vkey string) (*witness, error) {
	parts := strings.SplitN(vkey, "+", 3)
	if len(parts) != 3 {
		return nil, fmt.Errorf("no key: %q", vkey)
	}
	key, err := base64.StdEncoding.DecodeString(parts[2])
	if err != nil || len(key) != 1+ed25519.PublicKeySize || key[0] != 4 {
		return nil, fmt.Errorf("no key that cosigns: %q", vkey)
	}
	id := sha256.Sum256(append([]byte(parts[0]+"\n"), key...))
	if fmt.Sprintf("%x", id[:4]) != parts[1] {
		return nil, fmt.Errorf("%s is not the id of the key: %q", parts[1], vkey)
	}
	return &witness{name: parts[0], hash: binary.BigEndian.Uint32(id[:]), key: key[1:]}, nil
}

// countersigned checks that each witness cosigned the head.
func countersigned(url string, verifier note.Verifier, vkeys []string) {
	signed, err := get(url + "/countersigned")
	if err != nil {
		check("there is a countersigned head", err)
		return
	}
	for _, vkey := range vkeys {
		by, err := newWitness(vkey)
		if err != nil {
			check("the key of a witness is read", err)
			continue
		}
		opened, err := note.Open(signed, note.VerifierList(verifier, by))
		if err == nil && len(opened.Sigs) != 2 {
			err = fmt.Errorf("%d signatures that are known", len(opened.Sigs))
		}
		if err == nil && by.time == 0 {
			err = fmt.Errorf("it has no time")
		}
		check(fmt.Sprintf("%s countersigned at %d", by.name, by.time), err)
		forged := bytes.Replace(signed, []byte("/witness/"), []byte("/Witness/"), -1)
		opened, err = note.Open(forged, note.VerifierList(verifier, by))
		if err == nil && len(opened.Sigs) > 1 {
			err = nil
		} else {
			err = fmt.Errorf("not countersigned")
		}
		mustFail("a countersignature of somebody else is not taken for one", err)
		by.key = append(ed25519.PublicKey{}, by.key...)
		by.key[0] ^= 1
		_, err = note.Open(signed, note.VerifierList(verifier, by))
		mustFail("a countersignature with another key is noticed", err)
	}
}

// tiles reads tiles by the paths of the checksum database, without the height in them.
type tiles struct{ url string }

func (t tiles) Height() int { return 8 }

func (t tiles) SaveTiles([]tlog.Tile, [][]byte) {}

func (t tiles) ReadTiles(wanted []tlog.Tile) ([][]byte, error) {
	var all [][]byte
	for _, tile := range wanted {
		data, err := get(t.url + "/tile/" + strings.TrimPrefix(tile.Path(), "tile/8/"))
		if err != nil {
			return nil, err
		}
		all = append(all, data)
	}
	return all, nil
}

// entries reads every entry, bundle by bundle.
func entries(url string, size int64) ([][]byte, error) {
	var all [][]byte
	for n := int64(0); n*256 < size; n++ {
		width := int(size - n*256)
		if width > 256 {
			width = 256
		}
		path := tlog.Tile{H: 8, L: 0, N: n, W: width}.Path()
		bundle, err := get(url + "/tile/entries/" + strings.TrimPrefix(path, "tile/8/0/"))
		if err != nil {
			return nil, err
		}
		for len(bundle) > 2 {
			length := int(binary.BigEndian.Uint16(bundle))
			if len(bundle) < 2+length {
				return nil, fmt.Errorf("bundle %d is cut short", n)
			}
			all = append(all, bundle[2:2+length])
			bundle = bundle[2+length:]
		}
	}
	if int64(len(all)) != size {
		return nil, fmt.Errorf("%d entries of %d", len(all), size)
	}
	return all, nil
}

func run(url, vkey, olderFile string, witnesses []string) error {
	verifier, err := note.NewVerifier(vkey)
	if err != nil {
		return err
	}
	signed, err := get(url + "/checkpoint")
	if err != nil {
		return err
	}
	tree, err := open(signed, verifier)
	check("the checkpoint is signed with the key of the log", err)
	_, err = open(bytes.Replace(signed, []byte("\n"+strconv.FormatInt(tree.N, 10)+"\n"), []byte("\n1\n"), 1), verifier)
	mustFail("a checkpoint with another size is noticed", err)

	hashes := tlog.TileHashReader(tree, tiles{url})
	all, err := entries(url, tree.N)
	if err != nil {
		return err
	}
	var wrong error
	for index, entry := range all {
		proof, err := tlog.ProveRecord(tree.N, int64(index), hashes)
		if err == nil {
			err = tlog.CheckRecord(proof, tree.N, tree.Hash, int64(index), tlog.RecordHash(entry))
		}
		if err != nil && wrong == nil {
			wrong = fmt.Errorf("entry %d: %w", index, err)
		}
	}
	check(fmt.Sprintf("each of %d entries is in the log", tree.N), wrong)
	proof, err := tlog.ProveRecord(tree.N, 0, hashes)
	if err == nil {
		err = tlog.CheckRecord(proof, tree.N, tree.Hash, 0, tlog.RecordHash(all[1]))
	}
	mustFail("another entry in its place is noticed", err)

	older, err := os.ReadFile(olderFile)
	if err != nil {
		return err
	}
	before, err := open(older, verifier)
	check("the older checkpoint is signed with the key of the log", err)
	if err == nil {
		grown, err := tlog.ProveTree(tree.N, before.N, hashes)
		if err == nil {
			err = tlog.CheckTree(grown, tree.N, tree.Hash, before.N, before.Hash)
		}
		check(fmt.Sprintf("the log of %d entries goes on from that of %d", tree.N, before.N), err)
		before.Hash[0] ^= 1
		mustFail("another history is noticed", tlog.CheckTree(grown, tree.N, tree.Hash, before.N, before.Hash))
	}
	if len(witnesses) > 0 {
		countersigned(url, verifier, witnesses)
	}
	return nil
}

func main() {
	if len(os.Args) < 4 {
		fmt.Fprintln(os.Stderr, "verify URL VKEY OLDER-CHECKPOINT [WITNESS-VKEY...]")
		os.Exit(2)
	}
	if err := run(strings.TrimSuffix(os.Args[1], "/"), os.Args[2], os.Args[3], os.Args[4:]); err != nil {
		check("the log can be read", err)
	}
	fmt.Printf("%d passed, %d failed\n", passed, failed)
	if failed > 0 || passed == 0 {
		os.Exit(1)
	}
}
