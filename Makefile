# SPDX-License-Identifier: MIT
#
# usb-gauntlet. This file finds files, it lists none: a new harness/**/*.c, *_test.c or targets/<name>/
# is built by being there. What each profile means is in toolchain/toolchain.mk; what fuzz, test,
# nightly and so on do is in ci/<name>.sh, each with --help. V=1 shows commands, WERROR=0 lets
# warnings pass.

.DEFAULT_GOAL := help
MAKEFLAGS += --no-builtin-rules
.SUFFIXES:
.SECONDARY:
.DELETE_ON_ERROR:
include toolchain/toolchain.mk

profiles       := fuzz asan plain cov msan afl
engine_profile := fuzz msan afl
replay_profile := asan plain cov msan

sources  := $(sort $(shell find harness -name '*.c' 2>/dev/null))
test_src := $(filter %_test.c,$(sources))
lib_src  := $(filter-out harness/main.c %_test.c,$(sources))
targets  := $(sort $(patsubst targets/%/,%,$(dir $(wildcard targets/*/*.c))))
under     = $(subst -,_,$(1))

Q    := $(if $(filter 1,$(V)),,@)
show  = $(if $(filter 1,$(V)),,@printf '  %-4s %s\n' '$(1)' '$@')
quote = '$(subst ','\'',$(1))'

# A file that changes only when what it says changes, so that make can depend on flags and lists.
record = @mkdir -p $(@D); printf '%s\n' $(call quote,$(1)) | cmp -s - $@ || \
	printf '%s\n' $(call quote,$(1)) >$@

define profile_rules
build/$(1)/flags: FORCE
	$$(call record,$$($(1)_cc) $$($(1)_flags) $$($(1)_unwatched) $$($(1)_unchecked) $$($(1)_unchecked_src))
build/$(1)/sources: FORCE
	$$(call record,$$(lib_src))
build/$(1)/%.o: %.c build/$(1)/flags
	$$(call show,CC)
	$$(Q)mkdir -p $$(@D)
	$$(Q)$$($(1)_cc) $$($(1)_flags) $$(unwatched) -MMD -MP -c -o $$@ $$<
build/$(1)/libgauntlet.a: $(lib_src:%.c=build/$(1)/%.o) build/$(1)/sources
	$$(call show,AR)
	$$(Q)new=$$@.$$$$$$$$ && $$(AR) qcs $$$$new $$(filter %.o,$$^) && mv $$$$new $$@
build/$(1)/gauntlet: build/$(1)/harness/main.o build/$(1)/libgauntlet.a $$(filter %.a,$$($(1)_usb))
	$$(call show,LD)
	$$(Q)$$($(1)_cc) $$($(1)_flags) $$($(1)_link) -o $$@ $$^ $$(tool_libs) $$(filter-out %.a,$$($(1)_usb)) $$(LDLIBS)
build/$(1)/tests/%_test: build/$(1)/harness/%_test.o build/$(1)/libgauntlet.a \
		$$(filter %.a,$$($(1)_usb))
	$$(call show,LD)
	$$(Q)mkdir -p $$(@D)
	$$(Q)$$($(1)_cc) $$($(1)_flags) $$($(1)_link) -o $$@ $$^ -lcmocka $$(tool_libs) $$(filter-out %.a,$$($(1)_usb)) \
		$$(LDLIBS)
built-$(1)-tests: $(test_src:harness/%.c=build/$(1)/tests/%) ; @:
.PHONY: built-$(1) built-$(1)-tests
endef

# A target's own objects, and the two ways to run it: by an engine, or by replaying files.
define target_rules
build/$(1)/$(call under,$(2))_fuzzer: \
		$(patsubst %.c,build/$(1)/%.o,$(wildcard targets/$(2)/*.c)) build/$(1)/libgauntlet.a \
		$$(filter %.a,$$($(1)_usb))
	$$(call show,LD)
	$$(Q)$$($(1)_cxx) $$(filter-out -std=c11 -W%,$$($(1)_flags)) $$($(1)_link) -o $$@ \
		$$^ $$($(1)_engine) $$(filter-out %.a,$$($(1)_usb)) $$(LDLIBS)
build/$(1)/$(call under,$(2))_replay: $(patsubst %.c,build/$(1)/%.o,$(wildcard targets/$(2)/*.c)) \
		build/$(1)/targets/replay.o build/$(1)/libgauntlet.a $$(filter %.a,$$($(1)_usb))
	$$(call show,LD)
	$$(Q)$$($(1)_cc) $$($(1)_flags) $$($(1)_link) -o $$@ $$^ $$(tool_libs) $$(filter-out %.a,$$($(1)_usb)) $$(LDLIBS)
endef

$(foreach p,$(profiles),$(eval $(call profile_rules,$(p))))
$(foreach f,op backend import tool usbfs redir export,$(eval \
	build/fuzz/harness/$(f)/%.o: private unwatched = $(fuzz_unwatched)))
# Memory and time of the guest are what the tests stand on.
$(foreach f,mem dma clock,$(eval build/fuzz/harness/guest/$(f).o: private unwatched = $(fuzz_unwatched)))
# The server of a VM is under test, too, by the target vfio-user.
build/fuzz/harness/backend/vfio_%.o: private unwatched =
build/fuzz/harness/backend/vfio_client%.o: private unwatched = $(fuzz_unwatched)
build/fuzz/harness/backend/vfio_mutate.o: private unwatched = $(fuzz_unwatched)
fuzz_unchecked_src := $(filter-out harness/arena.c harness/heap_image.c,$(wildcard harness/*.c harness/oracle/*.c \
	harness/op/*.c harness/redir/*.c))
build/fuzz/harness/arena.o build/fuzz/harness/heap_image.o: private unwatched = $(fuzz_arena)
$(foreach f,$(fuzz_unchecked_src),$(eval \
	$(f:%.c=build/fuzz/%.o): private unwatched = $(fuzz_unchecked)))
$(fuzz_libs)/%.a: $(deps)-fuzz/lib/%.a toolchain/toolchain.mk
	$(call show,LIB)
	$(Q)mkdir -p $(@D)
	$(Q)$(OBJCOPY) $(library_calls) $< $@.new && mv $@.new $@
$(foreach p,$(profiles),$(foreach t,$(targets),$(eval $(call target_rules,$(p),$(t)))))
fuzz_programs := $(foreach t,$(targets),build/fuzz/$(call under,$(t))_fuzzer)
$(foreach p,$(profiles),$(eval built-$(p): \
	$(if $(filter $(p),$(engine_profile)),$(foreach t,$(targets),build/$(p)/$(call under,$(t))_fuzzer)) \
	$(if $(filter $(p),$(replay_profile)),build/$(p)/gauntlet \
		$(foreach t,$(targets),build/$(p)/$(call under,$(t))_replay)) ; @:))

# afl-clang-fast is a package of its own that nothing else needs.
$(if $(filter %afl,$(MAKECMDGOALS)),$(if $(shell command -v $(AFL_CC)),,$(error build/afl needs \
	$(AFL_CC): install the package afl++ or give AFL_CC=<path>)))

# F is a file name: taken as it is, whatever characters it has, and handed on by the environment.
override F := $(value F)
export F

##@ Fuzzing
fuzz: ## fuzz every target, or [T=<target>], for [SECS=60] each; [EMPTY=1] without our seeds
	+@ci/fuzz.sh
repro: ## explain and replay one case: F=<file> [T=<target>] [ON=emu|qemu]
	+@toolchain/repro.sh
minimize: ## make a case as small as it gets with the same verdict: F=<file> [T=<target>] [SECS=600]
	+@toolchain/repro.sh --minimize
nightly: ## replay, fuzz, merge, triage, report: SECS=<seconds in all> [OUT=<folder>]
	+@ci/nightly.sh
vm: ## a small Linux on our controller under ASan, all by itself (toolchain/asan-vm --demo)
	+@toolchain/asan-vm --demo
bugs: ## prove that each resurrected bug is found: [B=<id>] [SECS=<n> to also search for it]
	+@ci/bugs.sh

##@ Checking
test: ## unit tests, every corpus file, determinism, the gates' own tests
	+@ci/test.sh
vm-test: ## real guests on our controller: [SHORT=1] [ONLY=<part of a name>] [LIST=1] [JOBS=1]
	+@toolchain/vm-test.sh
vm-bench: ## disks on our controller beside QEMU's own, read and write, in one guest: [MB=256] [RUNS=7]
	+@toolchain/vm-bench.sh
check: ## what a change must pass: format, layers, warnings, shell, file lengths, then test
	+@ci/check.sh
integrity: ## random stops of endpoints and schedules of ERDP, no byte or event lost: [N=1000000] [SEED=1]
	+@ci/integrity.sh
memcheck: ## the corpus under MemorySanitizer and valgrind: [T=<target>] [ONLY=msan|valgrind]
	+@ci/memcheck.sh
analyze: ## gcc -fanalyzer, clang-tidy and cppcheck: [ONLY=gcc|clang-tidy|cppcheck]
	+@ci/analyze.sh
cov: ## coverage of the shipped corpus per folder, HTML in build/cov/html: [T=<target>] [UNIT=1]
	+@ci/cov.sh
bench: ## exec/s of each target beside an empty one: [T=<target>] [SECS=10]
	+@ci/bench.sh

##@ Building
setup: ## install the packages that are missing
	@toolchain/setup.sh
corpus: ## text seeds to bytes in build/corpus/<target>/ and <target>_seed_corpus.zip
	+@ci/corpus.sh
fuzzers: built-fuzz ## the libFuzzer programs; with OUT=<folder> also copied there, as OSS-Fuzz asks
	$(if $(OUT),$(Q)mkdir -p '$(OUT)' && cp -- $(fuzz_programs) '$(OUT)/')
	$(if $(OUT),+@ci/corpus.sh --out '$(OUT)')
clean: ## remove build/
	$(Q)rm -rf build
help: ## this list
	@awk -f toolchain/help.awk $(MAKEFILE_LIST)

.PHONY: fuzz repro minimize nightly vm bugs test vm-test vm-bench check memcheck analyze cov bench setup corpus fuzzers clean help FORCE
FORCE:

-include $(wildcard $(foreach p,$(profiles),$(addprefix build/$(p)/,$(sources:.c=.d) \
	$(patsubst %.c,%.d,$(wildcard targets/*.c targets/*/*.c)))))
