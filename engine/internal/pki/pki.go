// Package pki is the engine's certificates: one authority per trust domain, and
// leaves that are renewed long before they expire.
package pki

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"sort"
	"sync"
	"time"

	"brainpod.io/engine/internal/atomicfile"
)

const (
	authorityLife = 10 * 365 * 24 * time.Hour
	leafLife      = 365 * 24 * time.Hour
	// Clocks of machines that were just started may be behind.
	backdate = time.Hour
)

// Authority names a trust domain. A certificate of one is worth nothing in another.
type Authority string

const (
	// Cluster signs what Kubernetes' components and their clients show each other.
	Cluster Authority = "cluster"
	// Etcd signs etcd's certificates and its only client's, the API server.
	Etcd Authority = "etcd"
	// FrontProxy signs the API server's certificate towards extension API servers.
	FrontProxy Authority = "front-proxy"
	// Edge signs what Envoy and its controller show each other.
	Edge Authority = "edge"
)

// Subject is who a certificate stands for: user name and groups in Kubernetes.
type Subject struct {
	CommonName    string
	Organizations []string
}

// Names are what a server's certificate is valid for; none for a client.
type Names struct {
	DNS []string
	IPs []net.IP
}

// Usage says which sides of a connection a certificate may be shown on.
type Usage int

const (
	// Client certificates are shown to servers.
	Client Usage = 1 << iota
	// Server certificates are shown to clients.
	Server
)

// Request describes a leaf certificate.
type Request struct {
	// Name is unique; the files are called after it.
	Name      string
	Authority Authority
	Subject   Subject
	Names     Names
	Usages    Usage
	// Users are the names of components that must be restarted when the
	// certificate was renewed, because they read it only once.
	Users []string
}

// Paths are the PEM files of a leaf. CA is the bundle that those use who verify it.
type Paths struct {
	Cert string
	Key  string
	CA   string
}

// PKI issues certificates into one folder. It is safe for concurrent use.
type PKI struct {
	dir string
	now func() time.Time

	mu      sync.Mutex
	tracked map[string]Request
}

// New returns a PKI over a folder, which it makes when it needs it. now is the clock.
func New(dir string, now func() time.Time) *PKI {
	return &PKI{dir: dir, now: now, tracked: map[string]Request{}}
}

// CAPath is the bundle with an authority's certificates, made when missing. It
// holds the certificate before the current one too while leaves of it may be about.
func (p *PKI) CAPath(name Authority) (string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, err := p.authority(name); err != nil {
		return "", err
	}
	return p.authorityPath(name, "crt"), nil
}

// Issue returns the files of a leaf certificate. It makes a new one when there is
// none, when the one that is there does not fit the request, when its authority
// was renewed, or when less than a third of its life is left.
func (p *PKI) Issue(request Request) (Paths, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if request.Usages == 0 {
		return Paths{}, fmt.Errorf("certificate %s: no usage is given", request.Name)
	}
	paths := p.paths(request)
	authority, err := p.authority(request.Authority)
	if err != nil {
		return Paths{}, err
	}
	p.tracked[request.Name] = request
	if p.isUsable(request, authority) {
		return paths, nil
	}
	if err := p.renew(request, authority); err != nil {
		return Paths{}, fmt.Errorf("cannot issue the certificate %s: %w", request.Name, err)
	}
	return paths, nil
}

// Renew issues anew every certificate issued before by this PKI that is due, and
// returns the names of the components that use them, each once, sorted.
func (p *PKI) Renew() ([]string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	users := map[string]bool{}
	var faults []error
	for _, request := range p.tracked {
		authority, err := p.authority(request.Authority)
		if err != nil {
			faults = append(faults, err)
			continue
		}
		if p.isUsable(request, authority) {
			continue
		}
		if err := p.renew(request, authority); err != nil {
			faults = append(faults, fmt.Errorf("cannot renew the certificate %s: %w", request.Name, err))
			continue
		}
		for _, user := range request.Users {
			users[user] = true
		}
	}
	names := make([]string, 0, len(users))
	for name := range users {
		names = append(names, name)
	}
	sort.Strings(names)
	return names, errors.Join(faults...)
}

// KeyFile returns the file of a lasting private key that signs tokens, made when
// missing. Such a key is never renewed: what it signed must stay valid.
func (p *PKI) KeyFile(name string) (string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	path := filepath.Join(p.dir, name+".key")
	if _, err := os.Stat(path); err == nil {
		return path, nil
	} else if !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	_, encoded, err := newKey()
	if err != nil {
		return "", err
	}
	return path, atomicfile.WriteIfChanged(path, encoded, 0o600)
}

func (p *PKI) paths(request Request) Paths {
	return Paths{
		Cert: filepath.Join(p.dir, request.Name+".crt"),
		Key:  filepath.Join(p.dir, request.Name+".key"),
		CA:   p.authorityPath(request.Authority, "crt"),
	}
}

func (p *PKI) isUsable(request Request, authority *authority) bool {
	paths := p.paths(request)
	certificates, err := readCertificates(paths.Cert)
	if err != nil || len(certificates) == 0 {
		return false
	}
	leaf := certificates[0]
	key, err := readKey(paths.Key)
	if err != nil || !key.PublicKey.Equal(leaf.PublicKey) {
		return false
	}
	return leaf.CheckSignatureFrom(authority.certificate) == nil && fits(leaf, request) && !isDue(leaf, p.now())
}

// isDue is the one rule for authorities and leaves: less than a third of life left.
func isDue(certificate *x509.Certificate, now time.Time) bool {
	life := certificate.NotAfter.Sub(certificate.NotBefore)
	return now.After(certificate.NotAfter.Add(-life/3)) || now.Before(certificate.NotBefore)
}

func fits(leaf *x509.Certificate, request Request) bool {
	wanted := template(request, time.Time{})
	return leaf.Subject.CommonName == wanted.Subject.CommonName &&
		equalSets(leaf.Subject.Organization, wanted.Subject.Organization) &&
		equalSets(leaf.DNSNames, wanted.DNSNames) &&
		equalSets(texts(leaf.IPAddresses), texts(wanted.IPAddresses)) &&
		equalSets(usageTexts(leaf.ExtKeyUsage), usageTexts(wanted.ExtKeyUsage))
}

func (p *PKI) renew(request Request, authority *authority) error {
	key, encodedKey, err := newKey()
	if err != nil {
		return err
	}
	leaf := template(request, p.now())
	if leaf.SerialNumber, err = newSerial(); err != nil {
		return err
	}
	if leaf.NotAfter.After(authority.certificate.NotAfter) {
		leaf.NotAfter = authority.certificate.NotAfter
	}
	signed, err := x509.CreateCertificate(rand.Reader, leaf, authority.certificate, &key.PublicKey, authority.key)
	if err != nil {
		return err
	}
	// The key first: a crash in between leaves a pair that does not match, which
	// isUsable sees, rather than one that looks right.
	paths := p.paths(request)
	if err := atomicfile.WriteIfChanged(paths.Key, encodedKey, 0o600); err != nil {
		return err
	}
	return atomicfile.Write(paths.Cert, encodeCertificate(signed), 0o644)
}

func template(request Request, now time.Time) *x509.Certificate {
	var usages []x509.ExtKeyUsage
	if request.Usages&Client != 0 {
		usages = append(usages, x509.ExtKeyUsageClientAuth)
	}
	if request.Usages&Server != 0 {
		usages = append(usages, x509.ExtKeyUsageServerAuth)
	}
	return &x509.Certificate{
		Subject:               pkix.Name{CommonName: request.Subject.CommonName, Organization: request.Subject.Organizations},
		NotBefore:             now.Add(-backdate),
		NotAfter:              now.Add(leafLife),
		KeyUsage:              x509.KeyUsageDigitalSignature,
		ExtKeyUsage:           usages,
		BasicConstraintsValid: true,
		DNSNames:              request.Names.DNS,
		IPAddresses:           request.Names.IPs,
	}
}

func newKey() (*ecdsa.PrivateKey, []byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return nil, nil, err
	}
	return key, pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der}), nil
}

func newSerial() (*big.Int, error) {
	return rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
}
