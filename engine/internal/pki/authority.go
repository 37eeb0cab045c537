package pki

import (
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"time"

	"brainpod.io/engine/internal/atomicfile"
)

type authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

func (p *PKI) authorityPath(name Authority, extension string) string {
	return filepath.Join(p.dir, string(name)+"-ca."+extension)
}

// authority reads an authority, and makes or renews it when that is due. A new
// one is put in front of the bundle; the one before it stays while it is valid,
// so that leaves of both are trusted until all are issued anew.
func (p *PKI) authority(name Authority) (*authority, error) {
	certificates, err := readCertificates(p.authorityPath(name, "crt"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("the certificates of the %s authority cannot be read: %w", name, err)
	}
	key, keyErr := readKey(p.authorityPath(name, "key"))
	if keyErr != nil && !errors.Is(keyErr, fs.ErrNotExist) {
		return nil, fmt.Errorf("the key of the %s authority cannot be read: %w", name, keyErr)
	}
	if len(certificates) > 0 && keyErr == nil && key.PublicKey.Equal(certificates[0].PublicKey) &&
		!isDue(certificates[0], p.now()) {
		return &authority{certificate: certificates[0], key: key}, nil
	}
	made, err := p.newAuthority(name, certificates)
	if err != nil {
		return nil, fmt.Errorf("cannot make the %s authority: %w", name, err)
	}
	return made, nil
}

func (p *PKI) newAuthority(name Authority, before []*x509.Certificate) (*authority, error) {
	key, encodedKey, err := newKey()
	if err != nil {
		return nil, err
	}
	serial, err := newSerial()
	if err != nil {
		return nil, err
	}
	now := p.now()
	template := &x509.Certificate{
		SerialNumber:          serial,
		Subject:               pkix.Name{CommonName: fmt.Sprintf("brainpod %s %s", name, now.UTC().Format("2006-01-02"))},
		NotBefore:             now.Add(-backdate),
		NotAfter:              now.Add(authorityLife),
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign | x509.KeyUsageDigitalSignature,
		BasicConstraintsValid: true,
		IsCA:                  true,
		MaxPathLenZero:        true,
	}
	signed, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return nil, err
	}
	certificate, err := x509.ParseCertificate(signed)
	if err != nil {
		return nil, err
	}
	bundle := encodeCertificate(signed)
	for _, old := range before {
		if now.Before(old.NotAfter) {
			bundle = append(bundle, encodeCertificate(old.Raw)...)
		}
	}
	if err := atomicfile.WriteIfChanged(p.authorityPath(name, "key"), encodedKey, 0o600); err != nil {
		return nil, err
	}
	if err := atomicfile.Write(p.authorityPath(name, "crt"), bundle, 0o644); err != nil {
		return nil, err
	}
	return &authority{certificate: certificate, key: key}, nil
}

func encodeCertificate(der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

func readCertificates(path string) ([]*x509.Certificate, error) {
	rest, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var found []*x509.Certificate
	for {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			return found, nil
		}
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		found = append(found, certificate)
	}
}

func readKey(path string) (*ecdsa.PrivateKey, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(raw)
	if block == nil {
		return nil, fmt.Errorf("%s holds no PEM block", path)
	}
	return x509.ParseECPrivateKey(block.Bytes)
}

func equalSets(a, b []string) bool {
	a, b = slices.Clone(a), slices.Clone(b)
	slices.Sort(a)
	slices.Sort(b)
	return slices.Equal(a, b)
}

func texts(addresses []net.IP) []string {
	found := make([]string, len(addresses))
	for i, address := range addresses {
		found[i] = address.String()
	}
	return found
}

func usageTexts(usages []x509.ExtKeyUsage) []string {
	found := make([]string, len(usages))
	for i, usage := range usages {
		found[i] = fmt.Sprint(int(usage))
	}
	return found
}

// Expiry is when the first certificate of a PEM file ends.
func Expiry(path string) (time.Time, error) {
	certificates, err := readCertificates(path)
	if err != nil {
		return time.Time{}, err
	}
	if len(certificates) == 0 {
		return time.Time{}, fmt.Errorf("%s holds no certificate", path)
	}
	return certificates[0].NotAfter, nil
}
