package pki

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"net"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// clock is moved by the test.
type clock struct{ now time.Time }

func (c *clock) read() time.Time { return c.now }

func newTest(t *testing.T) (*PKI, *clock) {
	t.Helper()
	c := &clock{now: time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)}
	return New(t.TempDir(), c.read), c
}

func server() Request {
	return Request{
		Name: "server", Authority: Cluster, Subject: Subject{CommonName: "server", Organizations: []string{"b", "a"}},
		Names: Names{DNS: []string{"localhost"}, IPs: []net.IP{net.IPv4(127, 0, 0, 1)}}, Usages: Server, Users: []string{"two", "one"},
	}
}

func issue(t *testing.T, p *PKI, r Request) (Paths, *x509.Certificate) {
	t.Helper()
	paths, err := p.Issue(r)
	if err != nil {
		t.Fatal(err)
	}
	pair, err := tls.LoadX509KeyPair(paths.Cert, paths.Key)
	if err != nil {
		t.Fatal(err)
	}
	return paths, pair.Leaf
}

func pool(t *testing.T, path string) *x509.CertPool {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(raw) {
		t.Fatalf("%s holds no certificate", path)
	}
	return roots
}

func verify(t *testing.T, leaf *x509.Certificate, roots *x509.CertPool, now time.Time, usage x509.ExtKeyUsage) error {
	t.Helper()
	_, err := leaf.Verify(x509.VerifyOptions{Roots: roots, CurrentTime: now, KeyUsages: []x509.ExtKeyUsage{usage}})
	return err
}

func TestIssuedCertificateIsTrustedInItsDomainAndForItsUseOnly(t *testing.T) {
	p, c := newTest(t)
	paths, leaf := issue(t, p, server())
	if err := verify(t, leaf, pool(t, paths.CA), c.now, x509.ExtKeyUsageServerAuth); err != nil {
		t.Error(err)
	}
	if err := verify(t, leaf, pool(t, paths.CA), c.now, x509.ExtKeyUsageClientAuth); err == nil {
		t.Error("a server's certificate passes as a client's")
	}
	other, err := p.CAPath(Etcd)
	if err != nil {
		t.Fatal(err)
	}
	if err := verify(t, leaf, pool(t, other), c.now, x509.ExtKeyUsageServerAuth); err == nil {
		t.Error("a certificate of one trust domain is worth something in another")
	}
	if err := leaf.VerifyHostname("127.0.0.1"); err != nil {
		t.Error(err)
	}
}

func TestKeysAreReadableByTheirOwnerOnly(t *testing.T) {
	p, _ := newTest(t)
	paths, _ := issue(t, p, server())
	token, err := p.KeyFile("token")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{paths.Key, token, filepath.Join(filepath.Dir(paths.CA), "cluster-ca.key")} {
		info, err := os.Stat(path)
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v %v", path, info.Mode(), err)
		}
	}
}

func TestIssueKeepsWhatFitsAndReplacesWhatDoesNot(t *testing.T) {
	p, _ := newTest(t)
	_, first := issue(t, p, server())
	if _, same := issue(t, p, server()); !same.Equal(first) {
		t.Error("a fresh certificate was replaced")
	}
	changed := server()
	changed.Names.DNS = []string{"other"}
	_, second := issue(t, p, changed)
	if second.Equal(first) || !slices.Equal(second.DNSNames, []string{"other"}) {
		t.Errorf("names = %v", second.DNSNames)
	}
	paths, _ := issue(t, p, changed)
	if err := os.WriteFile(paths.Key, []byte("torn"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, third := issue(t, p, changed); third.Equal(second) {
		t.Error("a certificate without its key was kept")
	}
}

func TestRenewsWhenLessThanAThirdOfItsLifeIsLeft(t *testing.T) {
	p, c := newTest(t)
	_, first := issue(t, p, server())
	life := first.NotAfter.Sub(first.NotBefore)

	c.now = first.NotAfter.Add(-life/3 - time.Minute)
	if users, err := p.Renew(); err != nil || len(users) != 0 {
		t.Errorf("too early: %v %v", users, err)
	}
	c.now = first.NotAfter.Add(-life/3 + time.Minute)
	users, err := p.Renew()
	if err != nil || !slices.Equal(users, []string{"one", "two"}) {
		t.Errorf("users = %v, err = %v", users, err)
	}
	_, second := issue(t, p, server())
	if second.Equal(first) || !second.NotAfter.After(first.NotAfter) {
		t.Error("it was not renewed")
	}
	if users, err := p.Renew(); err != nil || len(users) != 0 {
		t.Errorf("renewed twice: %v %v", users, err)
	}
}

func TestRenewedAuthorityIsTrustedBesideTheOneBefore(t *testing.T) {
	p, c := newTest(t)
	paths, oldLeaf := issue(t, p, server())
	c.now = c.now.Add(authorityLife - authorityLife/4)
	users, err := p.Renew()
	if err != nil || len(users) == 0 {
		t.Fatalf("users = %v, err = %v", users, err)
	}
	_, newLeaf := issue(t, p, server())
	roots := pool(t, paths.CA)
	if err := verify(t, newLeaf, roots, c.now, x509.ExtKeyUsageServerAuth); err != nil {
		t.Error(err)
	}
	if err := verify(t, oldLeaf, roots, oldLeaf.NotBefore.Add(2*time.Hour), x509.ExtKeyUsageServerAuth); err != nil {
		t.Errorf("what the authority before had issued is not trusted any more: %v", err)
	}
	certificates, err := readCertificates(paths.CA)
	if err != nil || len(certificates) != 2 {
		t.Fatalf("the bundle holds %d certificates, %v", len(certificates), err)
	}
	if oldLeaf.CheckSignatureFrom(certificates[1]) != nil || newLeaf.CheckSignatureFrom(certificates[0]) != nil {
		t.Error("the bundle does not hold both authorities, the new one first")
	}
	c.now = c.now.Add(authorityLife - authorityLife/4)
	if _, err := p.Renew(); err != nil {
		t.Fatal(err)
	}
	if certificates, err = readCertificates(paths.CA); err != nil || len(certificates) != 2 {
		t.Errorf("an expired authority stays in the bundle: %d, %v", len(certificates), err)
	}
}

func TestKubeconfigHoldsAllItNeeds(t *testing.T) {
	p, _ := newTest(t)
	paths, _ := issue(t, p, server())
	path := filepath.Join(t.TempDir(), "kubeconfig")
	if err := WriteKubeconfig(path, "https://10.0.0.1:6443", paths); err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var parsed struct {
		Users []struct {
			User struct {
				Cert string `json:"client-certificate-data"`
				Key  string `json:"client-key-data"`
			}
		}
	}
	if err := json.Unmarshal(raw, &parsed); err != nil {
		t.Fatal(err)
	}
	cert, err1 := base64.StdEncoding.DecodeString(parsed.Users[0].User.Cert)
	key, err2 := base64.StdEncoding.DecodeString(parsed.Users[0].User.Key)
	if err1 != nil || err2 != nil {
		t.Fatal(err1, err2)
	}
	if _, err := tls.X509KeyPair(cert, key); err != nil {
		t.Error(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
}
