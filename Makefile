# Apus. `make help` says what there is.

CPUS ?= 2
MEMORY ?= 512M
MACHINE ?= q35
FIRMWARE ?= bios
ACCEL ?= tcg
BOOT ?= iso
SCREEN ?= none
APPEND ?=
JOBS ?= $(shell nproc)
BENCH ?= all
WALL ?=
SELECT ?=
REPEAT ?= 1
ROW ?= call.null
PARTS ?=
SECONDS ?= 60
SEED ?= 1
export CPUS MEMORY MACHINE FIRMWARE ACCEL BOOT SCREEN APPEND

INITRAMFS := build/initramfs.cpio.gz
KERNEL_SCRATCH := .build-kernel
KERNEL_BUILD := swift build --quiet --no-color-diagnostics --triple x86_64-unknown-none-elf --toolset Toolchain/kernel.json \
  --configuration release --scratch-path $(KERNEL_SCRATCH)
# Messages without colours: a build at a terminal would else begin anew after one elsewhere, and the other way round.
# Without debug information, which takes a fifth of the time. (The index stays: the package manager looks for tests in it.)
HOST_FLAGS := $(shell cat Tools/host-flags)
HOST_BUILD := swift build --quiet $(HOST_FLAGS)

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup build iso run debug test test-host test-kernel test-matrix test-system test-platform fuzz bench profile fuzz-program lint docs golden clean

help: ## This list
	@printf 'Apus: a data-driven kernel in Swift\n\n'
	@sed -n 's/^\([a-z][a-z-]*\):.*## \(.*\)/  make \1|\2/p' $(MAKEFILE_LIST) | column -t -s '|'
	@printf '\nVariables, with what they are now:\n'
	@printf '  MACHINE=%s (pc, q35)  FIRMWARE=%s (bios, uefi)  CPUS=%s  MEMORY=%s\n' '$(MACHINE)' '$(FIRMWARE)' '$(CPUS)' '$(MEMORY)'
	@printf '  ACCEL=%s (tcg, kvm)  BOOT=%s (iso, kernel)  SCREEN=%s (none, gtk, ...)  APPEND="%s"\n' '$(ACCEL)' '$(BOOT)' '$(SCREEN)' '$(APPEND)'

setup: ## Install what is missing (Debian packages) and check the Swift version
	@Tools/setup.sh

# SwiftPM asks a plugin for its commands only when the package changes, and does not count specs.json as part of it.
.PHONY: replan
replan:
	@[ -z "$$(find Sources Tests -name specs.json -newer Package.swift -print -quit)" ] || touch Package.swift

# The two halves of `build`, for tests that do something else meanwhile.
.PHONY: kernel symbols
kernel: setup replan
	@Tools/step.sh 'building the kernel' $(KERNEL_BUILD) --product apus

symbols:
	@Tools/step.sh 'building the host tools' $(HOST_BUILD) --product ImageTool
	@mkdir -p build
	@Tools/step.sh 'adding the symbol table' .build/debug/ImageTool symbols $(KERNEL_SCRATCH)/release/apus build/apus.elf

build: ## Generate from the specs, compile and link: build/apus.elf
	@$(MAKE) --no-print-directory kernel
	@$(MAKE) --no-print-directory symbols

# The file system that the first process begins in: Debian's busybox.
$(INITRAMFS): Tools/make-initramfs.sh $(shell find Tools/initramfs -type f) $(wildcard /bin/busybox) | setup
	@Tools/step.sh 'making the initramfs' Tools/make-initramfs.sh $@

iso: build $(INITRAMFS) ## Make build/apus.iso, which boots by GRUB on BIOS and UEFI
	@Tools/step.sh 'making the ISO' Tools/make-iso.sh build/apus.elf build/apus.iso '$(APPEND)' $(INITRAMFS)

run: iso ## Boot it in QEMU with the serial console here (Ctrl-A X ends it)
	@INITRAMFS=$(INITRAMFS) Tools/qemu.sh -serial mon:stdio

debug: iso ## Boot it stopped, with GDB attached
	@Tools/debug.sh

test: setup replan ## Run every test: specs, host, in-kernel, boot matrix, programs
	@Tools/test.sh

TEST_INITRAMFS := build/test/busybox.cpio.gz build/test/debian.cpio
TEST_PROGRAMS := Tools/make-test-initramfs.sh $(wildcard Tests/SystemTests/Programs/*) $(wildcard Tests/SystemTests/[flr]*) $(wildcard Tests/SystemTests/*-*)

build/test/busybox.cpio.gz: $(INITRAMFS) $(TEST_PROGRAMS) build/syscall-fuzz
	@Tools/step.sh 'making the initramfs of the tests' Tools/make-test-initramfs.sh busybox $@

build/test/debian.cpio: $(TEST_PROGRAMS) | setup
	@Tools/step.sh 'making the initramfs with Debian programs' Tools/make-test-initramfs.sh debian $@

build/syscall-fuzz: $(wildcard Tests/Fuzz/*) $(wildcard Specs/syscall*.json) | setup
	@Tools/step.sh 'building the fuzzer' Tools/build-fuzz.sh $@

.PHONY: test-initramfs
test-initramfs: $(TEST_INITRAMFS)

test-system: build test-initramfs ## Run programs in guests: busybox, Debian's, hostile ones (SELECT=debian)
	@Tools/step.sh 'building the test runner' $(HOST_BUILD) --product TestRunner
	@.build/debug/TestRunner system $(if $(SELECT),--suite '$(SELECT)')

test-platform: build test-initramfs ## Use devices of guests from both sides: ports, clock, watchdog, speaker
	@Tools/step.sh 'building the test runner' $(HOST_BUILD) --product TestRunner
	@.build/debug/TestRunner platform $(if $(SELECT),--filter '$(SELECT)')

fuzz: build test-initramfs ## Make random system calls in a guest (SECONDS=60 SEED=1)
	@Tools/step.sh 'building the test runner' $(HOST_BUILD) --product TestRunner
	@.build/debug/TestRunner fuzz --seconds $(SECONDS) --seed $(SEED)

bench: build ## Compare the costs of system calls with Linux's, and show those of the kernel's own operations
	@Tools/step.sh 'building the test runner' $(HOST_BUILD) --product TestRunner
	@Tools/step.sh 'fetching Linux' Tools/fetch-linux.sh
	@Tools/step.sh 'building the benchmark programs' Tools/build-benchmarks.sh build/bench/initramfs.cpio
	@.build/debug/TestRunner compare --repeat $(REPEAT) $(if $(SELECT),--select '$(SELECT)')
	@printf '\nthe kernel'"'"'s own operations\n'
	@.build/debug/TestRunner bench --select '$(BENCH)' $(if $(WALL),--wall-clock)

profile: build ## Show which functions of the kernel a benchmark's instructions are spent in (ROW=file.stat)
	@Tools/step.sh 'building the test runner' $(HOST_BUILD) --product TestRunner
	@Tools/step.sh 'building the benchmark programs' Tools/build-benchmarks.sh build/bench/initramfs.cpio
	@.build/debug/TestRunner profile $(ROW) $(if $(PARTS),--parts $(PARTS))

fuzz-program: build/syscall-fuzz ## Build build/syscall-fuzz, which makes random system calls, to be run in a guest

lint: setup ## Check the format of all Swift code
	@swift format lint --strict --recursive Package.swift Generators Sources Tests

docs: setup ## Write the reference tables in docs/ from the specs
	@Tools/step.sh 'building the host tools' $(HOST_BUILD) --product SpecGen
	@.build/debug/SpecGen docs

golden: setup ## Record the generators' golden files anew, to be reviewed as a change
	@RECORD=1 swift test --quiet $(HOST_FLAGS) --filter GeneratorTests

clean: ## Remove everything that was built
	rm -rf .build $(KERNEL_SCRATCH) build
