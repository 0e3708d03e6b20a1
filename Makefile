.PHONY: help run test

help: ## list these targets
	@grep -E '^[a-z]+:.*##' Makefile | sed 's/:.*## /\t/'

run: ## start the site with its own database and a demo
	@./run

test: ## run the tests on a database of their own
	@./test
