# Everything here needs Go and nothing else.
#
#   make demo    build, write a small data set, reconcile it, show the summary
#   make test    all that must be green: format, vet, builds for each system, tests
#   make build   bin/duizhang
#   make lint    format, vet and the house rules
#   make race    the concurrent packages under the race detector (needs a C compiler)
#   make bench   the whole run against peers; make bench-go for the parts
#   make fuzz    each fuzz target for FUZZTIME
#   make mutants 15,000 changed files of the corpus against an oracle
#   make profile take anew the profile by which dist and bench are compiled
#   make dist    reproducible binaries for each system with their sha256, and zips for Windows
#   make pictures the page's picture of README, from real output in chromium

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c

export CGO_ENABLED := 0

GO       ?= go
VERSION  ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo devel)
LDFLAGS  := -s -w -buildid= -X main.version=$(VERSION)
SYSTEMS  := linux/amd64 linux/arm64 windows/amd64 windows/arm64 darwin/amd64 darwin/arm64
FUZZTIME ?= 30s
BENCH    ?= .
COUNT    ?= 6
BENCHFLAGS ?=

# What is handed out and what is timed is compiled by the profile of a run. Other
# builds are not: it makes them slower, and so does a file named default.pgo.
PROFILE := cmd/duizhang/run.pgo
PGO      = $(if $(wildcard $(PROFILE)),-pgo=$(PROFILE))

.PHONY: build demo test lint race format vet cross units bench bench-go profile fuzz mutants resources pictures dist clean

build:
	$(GO) build -ldflags '$(LDFLAGS)' -o bin/ ./cmd/duizhang

demo: build
	rm -rf demo
	bin/duizhang demo demo

test: format vet build cross units

lint: format vet
	$(GO) test -run '^TestHouse' ./cmd/duizhang

# The detector is C: for this target alone.
race:
	CGO_ENABLED=1 $(GO) test -race ./parse/... ./match/... ./report

format:
	@files=$$(gofmt -l cmd parse match report fixtures); \
	if [ -n "$$files" ]; then echo "gofmt -w needed:"; echo "$$files"; exit 1; fi

vet:
	$(GO) vet ./...

# What compiles here must compile for the clerk's PC. The other systems share
# all but a few lines with this one; `make dist` builds them.
cross:
	GOOS=windows GOARCH=amd64 $(GO) build -o /dev/null ./cmd/duizhang

units:
	$(GO) test ./...

# BENCHFLAGS: -rows 1000000 -xlsx '' -only duizhang …; see cmd/bench.
bench:
	$(GO) build $(PGO) -ldflags '$(LDFLAGS)' -o bin/ ./cmd/duizhang
	$(GO) build -trimpath -o bin/ ./cmd/fixgen ./cmd/bench
	bin/bench -dir bench $(BENCHFLAGS)

bench-go:
	$(GO) test -run '^$$' -bench '$(BENCH)' -benchmem -count $(COUNT) ./...

# The whole way of a row, from each form of file to the workbook.
profile:
	mkdir -p bin
	DUIZHANG_BENCH_ROWS=400000 $(GO) test -run '^$$' -bench '^BenchmarkRun$$' -benchtime 2x -cpuprofile bin/run.prof -o bin/run.test ./cmd/duizhang
	$(GO) tool pprof -proto -output $(PROFILE) bin/run.prof
	@size=$$(wc -c < $(PROFILE)); echo "$(PROFILE): $$size bytes"; test $$size -le 100000

# go test fuzzes one target at a time.
fuzz:
	@for package in $$($(GO) list ./...); do \
		for target in $$($(GO) test -list '^Fuzz' $$package | grep '^Fuzz' || true); do \
			echo "$$package $$target"; \
			$(GO) test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) $$package; \
		done; \
	done

# Files of the corpus, changed at random, against an oracle that reads each line alone.
mutants:
	MUTANTS=15000 $(GO) test -count 1 -timeout 60m -v -run '^TestMutants$$' ./parse

# The icon, version and manifest (long paths, UTF-8) of the Windows program. They
# are linked where they lie, and are made of cmd/duizhang/winres alone.
WINRES := github.com/tc-hib/go-winres@v0.3.3
resources:
	cd cmd/duizhang && $(GO) run $(WINRES) make --in winres/winres.json --out rsrc --arch amd64,arm64

pictures:
	mkdir -p bin/pictures
	DUIZHANG_SHOTS=$(CURDIR)/bin/pictures $(GO) test -count 1 -run '^TestPagePictures$$' ./cmd/duizhang
	cp bin/pictures/result.png .assets/page.png
	cp bin/pictures/review.png .assets/review.png

# The same commit and Go version give the same bytes on any machine. Names are
# for people: duizhang-1.0-windows.exe; arm64 says so.
dist: resources
	rm -rf dist && mkdir dist
	@for system in $(SYSTEMS); do \
		os=$${system%/*}; arch=$${system#*/}; name=duizhang-$(VERSION)-$${os/darwin/macos}; \
		if [ $$arch != amd64 ]; then name=$$name-$$arch; fi; \
		file=$$name; if [ $$os = windows ]; then file=$$name.exe; fi; \
		echo "dist/$$file"; \
		GOOS=$$os GOARCH=$$arch $(GO) build -trimpath -buildvcs=false $(PGO) -ldflags '$(LDFLAGS)' -o dist/$$file ./cmd/duizhang; \
	done
	cd dist && for exe in *.exe; do cp ../README.md . && touch -d '2000-01-01 00:00:00 UTC' README.md $$exe && TZ=UTC zip -qX $${exe%.exe}.zip $$exe README.md; done; rm README.md
	cd dist && sha256sum duizhang-* > SHA256SUMS

clean:
	rm -rf bin dist demo bench
