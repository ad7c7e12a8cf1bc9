# The C libraries, the headers and the command. `make install PREFIX=/usr DESTDIR=stage`.
#
# cargo-c (`cargo install cargo-c`, or `scripts/tools` for this directory alone) makes the libraries
# and podnet.pc and installs them with the headers; what it has no way to say is added here.

export PATH := $(CURDIR)/target/tools/bin:$(PATH)

CARGO ?= cargo
INSTALL ?= install
STRIP ?= strip
PREFIX ?= /usr/local
BINDIR ?= $(PREFIX)/bin
LIBDIR ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include
DATADIR ?= $(PREFIX)/share

CARGO_C := --release --no-default-features --target-dir target/c \
	--prefix $(PREFIX) --libdir $(LIBDIR) --includedir $(INCLUDEDIR)
STAGE := target/stage

.PHONY: all libraries command install deb demo test

all: libraries command

libraries:
	CARGO_TERM_QUIET=true $(CARGO) cbuild $(CARGO_C)

command:
	$(CARGO) build --quiet --release --bin podnet --target-dir target

# Programs made for app-netutil look for libnetutil_api.so. cargo-c puts the library into its libdir under
# one name, its assets below includedir and datadir alone, and can't build a second library that depends
# on this one, for it leaves out the rlib. The C compiler links libgcc_s by itself where it exists, which
# is not under -static.
install: command
	CARGO_TERM_QUIET=true $(CARGO) cinstall $(CARGO_C) $(if $(DESTDIR),--destdir $(DESTDIR))
	sed -i '/^Libs.private:/s/ -lgcc_s\>//' $(DESTDIR)$(LIBDIR)/pkgconfig/podnet.pc
	ln -sf libpodnet.so.0 $(DESTDIR)$(LIBDIR)/libnetutil_api.so
	$(INSTALL) -d $(DESTDIR)$(BINDIR) $(DESTDIR)$(DATADIR)
	$(INSTALL) -m 755 target/release/podnet $(DESTDIR)$(BINDIR)/podnet
	cp -R share/. $(DESTDIR)$(DATADIR)/

# A Debian package in target/debian.
deb:
	rm -rf $(STAGE)
	$(MAKE) install PREFIX=/usr DESTDIR=$(CURDIR)/$(STAGE)
	$(STRIP) --strip-unneeded $(STAGE)/usr/bin/podnet $(STAGE)/usr/lib/libpodnet.so.*.*
	$(STRIP) --strip-debug $(STAGE)/usr/lib/libpodnet.a
	$(CARGO) deb --quiet --no-build

demo:
	scripts/demo

test:
	scripts/test
