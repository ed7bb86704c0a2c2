package main

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"os"
	"testing"
)

// The program's icon is drawn here, as the page's: two lists and a tick.
func TestIconIsTheOneThatIsDrawn(t *testing.T) {
	const size, unit = 256, 8
	m := image.NewNRGBA(image.Rect(0, 0, size, size))
	fill := func(x0, y0, x1, y1 int, c color.NRGBA) {
		for y := y0 * unit; y < y1*unit; y++ {
			for x := x0 * unit; x < x1*unit; x++ {
				m.SetNRGBA(x, y, c)
			}
		}
	}
	green, white, light, amber := color.NRGBA{0x14, 0x53, 0x2d, 255}, color.NRGBA{255, 255, 255, 255}, color.NRGBA{0x86, 0xef, 0xac, 255}, color.NRGBA{0xfb, 0xbf, 0x24, 255}
	const round = 7 * unit
	for y := range size {
		for x := range size {
			dx, dy := max(round-x, x-(size-1-round), 0), max(round-y, y-(size-1-round), 0)
			if dx*dx+dy*dy <= round*round {
				m.SetNRGBA(x, y, green)
			}
		}
	}
	for _, y := range []int{9, 15, 21} {
		fill(8, y, 15, y+3, white)
	}
	fill(17, 9, 24, 12, light)
	fill(17, 15, 24, 18, light)
	for i := range 24 { // the tick: down, then up
		stroke(m, 17*unit+i, 22*unit+i, amber)
		stroke(m, 20*unit+i*2, 25*unit-i*2, amber)
	}
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile("winres/icon.png", b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile("winres/icon.png")
	if err != nil || !bytes.Equal(have, b.Bytes()) {
		t.Errorf("winres/icon.png is another one (%v): go test ./cmd/duizhang -run Icon -update", err)
	}
}

func stroke(m *image.NRGBA, x, y int, c color.NRGBA) {
	for dy := range 18 {
		for dx := range 18 {
			m.SetNRGBA(x+dx, y+dy, c)
		}
	}
}
