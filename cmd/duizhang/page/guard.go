package page

import (
	"crypto/rand"
	"crypto/subtle"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"
)

// A guard lets one browser in, by a token that is good once, and keeps everybody
// else out: other programs of this computer, pages of other sites, and names
// that were made to lead here.
type guard struct {
	port   string
	token  string // "" once it was used
	cookie string
}

func newGuard(port string) *guard {
	return &guard{port: port, token: rand.Text(), cookie: rand.Text()}
}

// cookieName holds the port: cookies do not tell ports apart, and two pages may
// be open.
func (g *guard) cookieName() string { return "duizhang-" + g.port }

// start takes the token; it is good once.
func (g *guard) start(given string) bool {
	if g.token == "" || subtle.ConstantTimeCompare([]byte(given), []byte(g.token)) != 1 {
		return false
	}
	g.token = ""
	return true
}

func (g *guard) setCookie(w http.ResponseWriter) {
	http.SetCookie(w, &http.Cookie{Name: g.cookieName(), Value: g.cookie, Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode})
}

func (g *guard) knows(r *http.Request) bool {
	c, err := r.Cookie(g.cookieName())
	return err == nil && subtle.ConstantTimeCompare([]byte(c.Value), []byte(g.cookie)) == 1
}

// isOwnHost says that a Host header names this page by an address of this
// computer: a name that another's server resolves to 127.0.0.1 is not one.
func (g *guard) isOwnHost(host string) bool {
	name, port, err := net.SplitHostPort(host)
	if err != nil || port != g.port {
		return false
	}
	if strings.EqualFold(name, "localhost") {
		return true
	}
	ip, err := netip.ParseAddr(name)
	return err == nil && ip.IsLoopback() && ip.Zone() == ""
}

// headers let the page load from itself alone, be framed by nobody and kept
// nowhere.
func headers(h http.Header) {
	h.Set("Content-Security-Policy", "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
	h.Set("Cache-Control", "no-store")
}

// A presence knows when the page is no longer looked at. Times are of one clock.
type presence struct {
	acted   time.Time // the person did something
	beat    time.Time // the window is open; zero before its first sign
	leaving time.Time // the window said that it closes; a sign takes it back
}

// How long the page stays without its person. A browser slows the clock of a
// window in the background to one beat a minute.
const (
	idleFor   = 30 * time.Minute
	silentFor = 3 * time.Minute
	leaveFor  = 10 * time.Second
)

// over says that nobody is there any more. busy: a run is at work.
func (p *presence) over(now time.Time, busy bool) bool {
	switch {
	case !p.leaving.IsZero() && now.Sub(p.leaving) > leaveFor:
		return true
	case !p.beat.IsZero() && now.Sub(p.beat) > silentFor:
		return true
	}
	return !busy && now.Sub(p.acted) > idleFor
}
