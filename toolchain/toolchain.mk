# SPDX-License-Identifier: MIT
#
# Compilers and flags of each profile. A profile is a folder under build/: everything in it was
# compiled with one set of flags, kept in build/<profile>/flags, and is rebuilt when they change.
#
#   fuzz   libFuzzer + ASan + UBSan       asan   ASan + UBSan with a plain main
#   plain  gcc, no sanitizer              cov    clang source coverage
#   msan   libFuzzer + MSan               afl    AFL++ persistent mode (needs afl-clang-fast)
#
# CC, CXX, CFLAGS, CXXFLAGS, LIB_FUZZING_ENGINE and OUT mean what they mean to OSS-Fuzz: an engine
# given from outside also brings its own sanitizers in CFLAGS, so the fuzz profile adds none then.

ifneq ($(filter default undefined,$(origin CC)),)
CC := clang
endif
ifneq ($(filter default undefined,$(origin CXX)),)
CXX := $(if $(findstring clang,$(CC)),$(subst clang,clang++,$(CC)),g++)
endif
GCC     ?= gcc
AFL_CC  ?= afl-clang-fast
AFL_CXX ?= afl-clang-fast++
AR      ?= ar

warnings := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla
ifneq ($(WERROR),0)
warnings += -Werror
endif
common := -std=c11 -D_GNU_SOURCE -Iharness $(warnings) -g -fno-omit-frame-pointer

# What the tool and the tests need beyond libc; only what is used gets linked.
tool_libs := -Wl,--as-needed -ljansson -lpcap
# libusb and usbredirparser: instrumented and static where toolchain/build-deps.sh was called, else the
# distribution's.
DEPS      ?= distribution
deps      := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/usb-gauntlet/deps/$(DEPS)
space     := $(subst ,, )
usb_of     = -Wl,--as-needed $(or $(addsuffix $(space)-ludev,$(wildcard $(deps)-$(1)/lib/libusb-1.0.a)),-lusb-1.0) \
	$(or $(wildcard $(deps)-$(1)/lib/libusbredirparser.a),-lusbredirparser)
usb_header = $(addprefix -isystem ,$(wildcard $(deps)-$(1)/include))

# UBSan's alignment check is on purpose: descriptors and contexts are packed byte streams.
sanitize := -fsanitize=address,undefined -fno-sanitize-recover=all
# While fuzzing, UBSan leaves out the four checks that cost half the speed and that look at every
# pointer: what they find, ASan finds as well (null, object-size), or replay of the corpus under
# build/asan does (alignment, pointer-overflow, and ASan's own look at variables out of their scope).
fuzz_sanitize := $(sanitize) -fno-sanitize=null,alignment,object-size,pointer-overflow \
	-fsanitize-address-use-after-return=never -fno-sanitize-address-use-after-scope
ifeq ($(LIB_FUZZING_ENGINE),)
engine     := -fsanitize=fuzzer
# Compare tracing is left out: our mutator works on ops, not on compared constants, and with it each
# input takes almost twice as long.
fuzz_flags := $(common) -O3 $(fuzz_sanitize) -fsanitize=fuzzer-no-link \
	-fno-sanitize-coverage=trace-cmp,indirect-calls,stack-depth
# Coverage is counted in what is under test, not in who tests it: the driver, the judges, the tool.
fuzz_unwatched := -fno-sanitize=fuzzer-no-link
# Who judges and who drives is checked by replay under build/asan; here every row would pay for it.
fuzz_unchecked := -fno-sanitize=all
fuzz_arena     := $(fuzz_unwatched) -DARENA_REQUIRED
lld        := $(if $(shell command -v ld.lld),-fuse-ld=lld)
else
engine     := $(LIB_FUZZING_ENGINE)
fuzz_flags := $(common)
lld        :=
endif

fuzz_cc  = $(CC)
fuzz_cxx = $(CXX)
asan_cc  = $(CC)
asan_cxx = $(CXX)
cov_cc   = $(CC)
cov_cxx  = $(CXX)
msan_cc  = $(CC)
msan_cxx = $(CXX)
afl_cc   = $(AFL_CC)
afl_cxx  = $(AFL_CXX)
plain_cc = $(GCC)
plain_cxx = $(GCC)

fuzz_flags  += $(call usb_header,fuzz) $(CFLAGS)
asan_flags  := $(common) -O1 $(sanitize) $(call usb_header,asan) $(CFLAGS)
plain_flags := $(common) -O2 $(CFLAGS)
cov_flags   := $(common) -O1 -DCOVERAGE -fprofile-instr-generate -fcoverage-mapping $(CFLAGS)
msan_flags  := $(common) -O2 -fsanitize=memory,fuzzer-no-link -fsanitize-memory-track-origins \
	-fno-sanitize-recover=all $(CFLAGS)
afl_flags   := $(common) -O2 -fsanitize=address $(CFLAGS)

fuzz_link  := $(lld)
asan_link  := $(lld)
cov_link   := $(lld)
msan_link  := $(lld)
afl_link   :=
# Lazy: ci/calls.sh sees a function of a library when it is called first.
plain_link := -Wl,-z,lazy

# While fuzzing, the libraries' memory and libusb's files are the harness's affair (library.h, usbfs/system.h): their
# archives are copied with other names for what they call, which libgauntlet has.
OBJCOPY   ?= objcopy
fuzz_libs := build/fuzz/lib/$(DEPS)
fuzz_usb  := $(patsubst $(deps)-fuzz/lib/%.a,$(fuzz_libs)/%.a,$(call usb_of,fuzz)) -Lbuild/fuzz -lgauntlet
library_calls := $(foreach f,malloc calloc realloc free vsnprintf eventfd timerfd_create timerfd_settime close read write \
	lseek readlink poll,--redefine-sym $(f)=library_$(f))
asan_usb  := $(call usb_of,asan)
plain_usb := $(call usb_of,plain)
cov_usb   := $(call usb_of,cov)
msan_usb  := $(call usb_of,msan)
afl_usb   := $(call usb_of,afl)

fuzz_engine := $(engine)
msan_engine := -fsanitize=fuzzer
afl_engine  := -fsanitize=fuzzer
