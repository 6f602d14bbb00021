# Short names for what the presets and scripts do. `make` alone lists them.
PRESET ?= dev
FAULT ?= socket-closed
RELEASE ?= bookworm
LAB ?=
SECONDS ?= 60
PREFIX ?= /usr/local
CMAKE_FLAGS ?=

sources = $$(git ls-files '*.cpp' '*.h')

.PHONY: help run test portable lab fuzz install format tidy

help:
	@echo 'make run      build, break a small shop on purpose, and diagnose it'
	@echo '              FAULT=socket-closed|wrong-port|app-down|health-404|slow|none'
	@echo 'make test     build and run all tests (PRESET=dev|asan)'
	@echo 'make portable build one static file that runs on any Debian'
	@echo 'make lab      boot Debian machines, each broken in one way, and score the diagnosis'
	@echo '              RELEASE=bullseye|bookworm|trixie LAB="NAME-GLOB... --as-user ..."'
	@echo 'make fuzz     fuzz what reads nginx configurations (SECONDS=60 each)'
	@echo 'make install  build and install under PREFIX=$(PREFIX)'
	@echo 'make format   clang-format over the sources'
	@echo 'make tidy     clang-tidy over the sources'
	@echo 'run, test and lab install the Debian packages that they miss.'

# The portable build where there is one.
RUN_PRESET = $(if $(wildcard build/portable/hopcheck),portable,release)
run:
	@scripts/install-packages build demo
	cmake --preset $(RUN_PRESET) $(CMAKE_FLAGS)
	cmake --build --preset $(RUN_PRESET)
	examples/shop/run --bin build/$(RUN_PRESET)/hopcheck --fault $(FAULT) --diagnose

test:
	@scripts/install-packages build test demo
	@scripts/tools >/dev/null
	cmake --preset $(PRESET) $(CMAKE_FLAGS)
	cmake --build --preset $(PRESET)
	ctest --preset $(PRESET) -j $$(nproc)

portable:
	@scripts/install-packages build portable
	@scripts/static-curl
	cmake --preset portable $(CMAKE_FLAGS)
	cmake --build --preset portable
	@ls -l build/portable/hopcheck

lab: portable
	@scripts/install-packages lab
	tests/lab/lab --bin build/portable/hopcheck --release $(RELEASE) $(LAB)

fuzz:
	@scripts/install-packages build fuzz
	tests/fuzz/run $(SECONDS)

install:
	@scripts/install-packages build
	cmake --preset release $(CMAKE_FLAGS)
	cmake --build --preset release
	cmake --install build/release --prefix $(PREFIX)

format:
	@scripts/install-packages format
	clang-format -i $(sources)

tidy:
	@scripts/install-packages build test tidy
	cmake --preset dev $(CMAKE_FLAGS)
	cmake --build --preset dev --target hopcheck
	clang-tidy -quiet -p build/dev $$(git ls-files 'src/*.cpp' 'checks/*.cpp')
