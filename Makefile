# Every target explains itself: make help
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
RUN := $(BIN)/master_thesis
DEMO := demo
DATA := $(DEMO)/data
CLIP := $(DATA)/DAVIS-2017
TINY := --data_path $(DATA) --data_ckpt_path $(DEMO)/data.ckpt --batch_size 4 --max_epochs 2 --train_max_iterations 60 \
	--validation_max_iterations 5 --train_size 96 96 --lr 0.001 --log_every_n_steps 5
TINY_DFPN := --vgg_weights random --vgg_width 16 --dfpn_size 128 --dfpn_corr_widths 16 32 --dfpn_width 24
TINY_CHN := --perceptual_weight 0 --chn_width 24 --chn_growth 12 --chn_num_blocks 3
LAST := lightning_logs/version_0/checkpoints/last.ckpt
ALIGNER := --chn_aligner dfpn --chn_aligner_checkpoint $(DEMO)/dfpn/$(LAST)

.DEFAULT_GOAL := help
.PHONY: help install demo train-demo wheel test docs bench gpu lint types lowest audit format clean

help: ## Show all targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 14

install: $(BIN)/.installed ## Create a virtual environment in .venv with all packages

$(BIN)/.installed: pyproject.toml requirements.txt
	test -d .venv || $(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --requirement requirements.txt --editable ".[dev]"
	touch $@

demo: install ## Remove an object from a built-in clip, and measure the result
	rm -rf $(DEMO)
	$(RUN) sample-data $(DATA)
	$(RUN) remove $(CLIP)/JPEGImages/480p/walker-crossing --mask $(CLIP)/Annotations_Dense/480p/walker-crossing \
		--output $(DEMO)/walker-removed.mp4 --overlay --report
	$(RUN) evaluate --data_path $(DATA) --sequences walker-crossing --max_frames 12 --masks still --protocols native \
		--algorithms pm --baselines telea homography --output_path $(DEMO)/evaluation
	@echo "Open $(DEMO)/walker-removed.html in a browser; the figures above are in $(DEMO)/evaluation."

train-demo: install ## Train both networks for a few minutes on built-in data at small sizes, and test them
	rm -rf $(DEMO)
	$(RUN) sample-data $(DATA)
	$(RUN) train dfpn $(TINY) $(TINY_DFPN) --default_root_dir $(DEMO)/dfpn
	$(RUN) train chn $(TINY) $(TINY_CHN) $(ALIGNER) --default_root_dir $(DEMO)/chn
	$(RUN) test dfpn --test_checkpoint $(DEMO)/dfpn/$(LAST) --data_path $(DATA) --default_root_dir $(DEMO)/dfpn
	$(RUN) test chn --test_checkpoint $(DEMO)/chn/$(LAST) $(ALIGNER) --data_path $(DATA) --test_size 96 160 \
		--output_path $(DEMO)/videos --default_root_dir $(DEMO)/chn
	@echo "Checkpoints: $(DEMO)/*/lightning_logs/version_0/checkpoints. Videos: $(DEMO)/videos."
	@echo "Losses, metrics and pictures: $(BIN)/tensorboard --logdir $(DEMO)"

wheel: install ## Build the wheel, with the shipped weights, into dist/
	rm -rf dist build
	$(BIN)/pip wheel --quiet --no-deps --wheel-dir dist .

test: install lint types ## Check everything that must pass: style, types, tests
	$(BIN)/python -m pytest -n auto --dist loadfile

bench: install ## Time everything against the plain path (15 minutes on two idle cores) and print the table
	$(BIN)/python -m benchmarks.speed table
	$(BIN)/python -m benchmarks.speed table --table --plot benchmarks/results/cost.png

gpu: install ## Rehearse on the CPU what scripts/gpu.py does on a GPU: pack, test, measure, train in stages
	mkdir -p $(DEMO)
	$(BIN)/python -m scripts gpu rehearse --out $(DEMO)/gpu --minutes 3

docs: install ## Build the documentation site, with a reference of every module, into site/; warnings are errors
	$(BIN)/python -c "import material, mkdocstrings" 2> /dev/null || $(BIN)/pip install --quiet --editable ".[docs]"
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --quiet

lint: install ## Check style and format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: install ## Check types
	$(BIN)/mypy

lowest: ## Run the tests with the lowest versions that pyproject.toml allows (in .venv-lowest)
	test -d .venv-lowest || $(PYTHON) -m venv .venv-lowest
	.venv-lowest/bin/pip install --quiet uv
	.venv-lowest/bin/uv pip install --python .venv-lowest/bin/python --resolution lowest-direct --editable ".[dev]"
	.venv-lowest/bin/python -m pytest

audit: install ## List known vulnerabilities of the installed packages (queries an advisory database)
	$(BIN)/pip install --quiet pip-audit
	-$(BIN)/pip-audit --skip-editable --progress-spinner off --format json > .venv/audit.json
	$(BIN)/python -m scripts audit < .venv/audit.json

format: install ## Fix style and format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean: ## Remove everything make created except .venv and .venv-lowest
	rm -rf $(DEMO) .pytest_cache .mypy_cache .ruff_cache build dist site *.egg-info
