# Every target explains itself: make help
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
RUN := $(BIN)/python -m master_thesis
DEMO := demo
CLIP := $(DEMO)/data/DAVIS-2017
TINY := --data_path $(DEMO)/data --data_ckpt_path $(DEMO)/data.ckpt --batch_size 4 --max_epochs 2 --train_max_iterations 60 \
	--validation_max_iterations 5 --train_size 96 96 --dfpn_size 128 --dfpn_corr_widths 16 32 --dfpn_width 24 \
	--chn_width 24 --chn_growth 12 --chn_num_blocks 3 --lr 0.001 --log_every_n_steps 5

.DEFAULT_GOAL := help
.PHONY: help install demo train-demo test bench gpu lint types lowest audit format clean

help: ## Show what there is
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 14

install: $(BIN)/.installed ## A virtual environment in .venv with everything in it

$(BIN)/.installed: pyproject.toml requirements.txt
	test -d .venv || $(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --requirement requirements.txt --editable ".[dev]"
	touch $@

demo: install ## Remove an object from a built-in clip with the shipped weights, and measure what came out
	rm -rf $(DEMO)
	$(RUN) --sample_data $(DEMO)/data
	$(RUN) --chn --test --video $(CLIP)/JPEGImages/480p/walker-crossing --mask $(CLIP)/Annotations_Dense/480p/walker-crossing \
		--output $(DEMO)/walker-removed.mp4 --overlay --report
	$(RUN) --evaluate --data_path $(DEMO)/data --masks still --protocols hole --algorithms ip --output_path $(DEMO)/evaluation
	@echo "Look at $(DEMO)/walker-removed.html in a browser; the figures above lie in $(DEMO)/evaluation."

train-demo: install ## Train both networks for a few minutes on built-in data at small sizes, and test them
	rm -rf $(DEMO)
	$(RUN) --sample_data $(DEMO)/data
	$(RUN) $(TINY) --default_root_dir $(DEMO)/dfpn --vgg_weights random --vgg_width 16
	$(RUN) $(TINY) --default_root_dir $(DEMO)/chn --perceptual_weight 0 --chn --chn_aligner dfpn \
		--chn_aligner_checkpoint $(DEMO)/dfpn/lightning_logs/version_0/checkpoints/last.ckpt
	$(RUN) --test --test_checkpoint $(DEMO)/dfpn/lightning_logs/version_0/checkpoints/last.ckpt \
		--data_path $(DEMO)/data --default_root_dir $(DEMO)/dfpn
	$(RUN) --chn --test --test_checkpoint $(DEMO)/chn/lightning_logs/version_0/checkpoints/last.ckpt \
		--chn_aligner dfpn --chn_aligner_checkpoint $(DEMO)/dfpn/lightning_logs/version_0/checkpoints/last.ckpt \
		--data_path $(DEMO)/data --test_size 96 160 --output_path $(DEMO)/videos --default_root_dir $(DEMO)/chn
	@echo "Checkpoints: $(DEMO)/*/lightning_logs/version_0/checkpoints. Videos: $(DEMO)/videos."
	@echo "Losses, metrics and pictures: $(BIN)/tensorboard --logdir $(DEMO)"

test: install lint types ## Everything that must pass: style, types, tests
	$(BIN)/python -m pytest

bench: install ## Time everything against the plain path (a quarter of an hour on two idle cores) and print the table
	$(BIN)/python -m benchmarks.speed.table
	$(BIN)/python -m benchmarks.speed.table --table --plot benchmarks/results/cost.png

gpu: install ## Rehearse on the CPU what scripts/gpu.py does on a GPU: pack, test, measure, train in stages
	mkdir -p $(DEMO)
	$(BIN)/python -m scripts.gpu rehearse --out $(DEMO)/gpu --minutes 3

lint: install ## Style and format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: install ## Types
	$(BIN)/mypy

lowest: ## The tests with the lowest versions that pyproject.toml allows (in .venv-lowest)
	test -d .venv-lowest || $(PYTHON) -m venv .venv-lowest
	.venv-lowest/bin/pip install --quiet uv
	.venv-lowest/bin/uv pip install --python .venv-lowest/bin/python --resolution lowest-direct --editable ".[dev]"
	.venv-lowest/bin/python -m pytest

audit: install ## Known weaknesses of the installed packages (asks an advisory data base)
	$(BIN)/pip install --quiet pip-audit
	-$(BIN)/pip-audit --skip-editable --progress-spinner off --format json > .venv/audit.json
	$(BIN)/python -m scripts.audit < .venv/audit.json

format: install ## Mend style and format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean: ## Remove what make made, but for .venv and .venv-lowest
	rm -rf $(DEMO) .pytest_cache .mypy_cache .ruff_cache build *.egg-info
