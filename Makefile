# Makefile: builds and installs the whole of pqengine.
#
#   make                      the extension, the client library and the command
#   make install              all of them; the extension goes where PG_CONFIG says,
#                             the client below PREFIX (default /usr/local)
#   make installcheck         pg_regress against a running server (PGHOST, PGPORT, ...)
#   make clean                all build products, those of examples and fuzzers, too
#
# PG_CONFIG=/path/to/pg_config chooses the server, DESTDIR= stages an installation.
# A target name followed by -extension or -client does one part only, such as
# `make install-extension`.  The tests that need no server of yours: scripts/check.

PG_CONFIG ?= pg_config
PREFIX ?= /usr/local
export PG_CONFIG PREFIX

PARTS = extension client

all: $(PARTS:%=all-%)
install: $(PARTS:%=install-%)
uninstall: $(PARTS:%=uninstall-%)
clean: $(PARTS:%=clean-%)
	for folder in test/fuzz $(dir $(wildcard examples/*/Makefile)); do \
		$(MAKE) -C $$folder clean || exit; \
	done
installcheck: installcheck-extension

# verb-folder, as in install-client
EACH = $(foreach verb,all install uninstall clean installcheck,$(PARTS:%=$(verb)-%))
$(EACH):
	$(MAKE) -C $(word 2,$(subst -, ,$@)) $(firstword $(subst -, ,$@))

.PHONY: all install uninstall clean installcheck $(EACH)
.DEFAULT_GOAL := all
