# The C libraries, the headers and the command. `make install PREFIX=/usr DESTDIR=stage`.

CARGO ?= cargo
INSTALL ?= install
PREFIX ?= /usr/local
BINDIR ?= $(PREFIX)/bin
LIBDIR ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include

VERSION := $(shell sed -n '/^version = /{s/.*"\(.*\)"/\1/p;q}' Cargo.toml)
MAJOR := $(firstword $(subst ., ,$(VERSION)))
SHARED := libpodnet.so.$(VERSION)
OUT := target/c/release

.PHONY: all libraries command install demo test

all: libraries command

# A directory of their own: cargo builds the library of a program without LTO, under the same name.
libraries:
	$(CARGO) rustc --quiet --release --lib --crate-type cdylib,staticlib --target-dir target/c

command:
	$(CARGO) build --quiet --release --bin podnet --target-dir target

install: all
	$(INSTALL) -d $(addprefix $(DESTDIR),$(BINDIR) $(LIBDIR)/pkgconfig $(INCLUDEDIR))
	$(INSTALL) -m 755 target/release/podnet $(DESTDIR)$(BINDIR)/podnet
	$(INSTALL) -m 644 include/podnet.h include/libnetutil_api.h $(DESTDIR)$(INCLUDEDIR)/
	$(INSTALL) -m 644 $(OUT)/libpodnet.a $(DESTDIR)$(LIBDIR)/libpodnet.a
	$(INSTALL) -m 755 $(OUT)/libpodnet.so $(DESTDIR)$(LIBDIR)/$(SHARED)
	ln -sf $(SHARED) $(DESTDIR)$(LIBDIR)/libpodnet.so.$(MAJOR)
	ln -sf libpodnet.so.$(MAJOR) $(DESTDIR)$(LIBDIR)/libpodnet.so
	ln -sf libpodnet.so.$(MAJOR) $(DESTDIR)$(LIBDIR)/libnetutil_api.so
	sed -e 's|@PREFIX@|$(PREFIX)|; s|@LIBDIR@|$(LIBDIR)|; s|@INCLUDEDIR@|$(INCLUDEDIR)|' \
	    -e 's|@VERSION@|$(VERSION)|' podnet.pc.in > $(DESTDIR)$(LIBDIR)/pkgconfig/podnet.pc

demo:
	scripts/demo

test:
	scripts/test
