# Two commands are the only set-up: `make demo` and `make test`. Both say what they do.
.PHONY: demo test bench lint install install-dev lock clean screenshots
ARGS ?=

demo: ; @bash scripts/demo.sh $(ARGS)
test: ; @bash scripts/test.sh $(ARGS)
bench: ; @bash scripts/bench.sh $(ARGS)
lint: ; @bash scripts/lint.sh
install: ; @bash scripts/install.sh node
install-dev: ; @bash scripts/install.sh dev
lock: ; @bash scripts/lock.sh
clean: ; rm -rf var .venv
