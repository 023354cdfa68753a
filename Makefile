# Everything that is done with a checkout. `make` alone says what there is.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

# The Node.js that tools/setup.sh fetched goes before the machine's, and the tools of node_modules before both.
export PATH := $(CURDIR)/node_modules/.bin:$(wildcard $(CURDIR)/.tools/node_modules/node-linux-*/bin):$(PATH):/usr/sbin:/sbin
REPORTS := .reports
# The projects whose names begin so: the labs are two.
vitest = node node_modules/vitest/vitest.mjs run --project '$(1)*' --reporter=default --reporter=json --outputFile.json=$(REPORTS)/$(1).json

.PHONY: help setup bundle demo test check lab image bench clean
help: ## this list
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 20

setup: ## Node.js into .tools, npm packages, Debian packages that the labs need
	@tools/setup.sh lab

bundle: ## one file a thread in dist/, which bin/linnet then runs: half the time to start
	@tools/setup.sh demo
	@$(MAKE) bundle-now
bundle-now:
	@node tools/bundle.ts

# Each target that runs JavaScript calls make again: the Node.js of .tools is looked up anew after it was installed.
demo: ## a small data centre of namespaces with Linnet in it, and what traffic says of it (KEEP=1 leaves it standing)
	@tools/setup.sh demo
	@$(MAKE) demo-now
demo-now:
	@node --disable-warning=ExperimentalWarning demo/main.ts $(if $(KEEP),--keep) $(if $(PROVIDER),--provider $(PROVIDER))

test: ## everything that needs no other routing daemon: types, layout of the code, unit and kernel tests
	@tools/setup.sh demo
	@$(MAKE) test-now
test-now:
	npm run --silent types
	npm run --silent lint
	$(call vitest,unit)

check: test ## the same as test

lab: ## Linnet beside BIRD, FRR, GoBGP, OpenBGPD and ExaBGP in network namespaces (FILE=… for some of it)
	@tools/setup.sh lab
	@$(MAKE) lab-now
lab-now:
	$(call vitest,lab) $(FILE)

image: ## the container image as an OCI archive, without a container engine (OUTPUT=…)
	@tools/setup.sh node
	@$(MAKE) image-now
image-now:
	@node --disable-warning=ExperimentalWarning tools/image.ts --output $(or $(OUTPUT),dist/linnet-image.tar)

floors: ## a short run of the bench: fails where Linnet got slower, beside BIRD, than bench/floors.json says
	@tools/setup.sh lab
	@$(MAKE) floors-now
floors-now:
	@node --disable-warning=ExperimentalWarning bench/ci.ts --report $(REPORTS)/floors.json

bench: ## times beside those of other daemons (ARGS=--help for what can be chosen)
	@tools/setup.sh lab
	@$(MAKE) bench-now
bench-now:
	@node --disable-warning=ExperimentalWarning bench/main.ts $(ARGS)

clean: ## removes what make made, namespaces of a killed demo or lab included
	@[ ! -d node_modules ] || node --disable-warning=ExperimentalWarning demo/clean.ts
	rm -rf node_modules .tools dist $(REPORTS)
