#!/usr/bin/env bash
# Title: Made once for each model, a cached function of diskcache, joblib or cashews gives all models the answer of the first
# Field: LLM clients
# Packages: diskcache==5.6.3 joblib==1.6.0 cashews==7.6.0 aiocache==0.12.3 async-lru==2.4.0
# Expected: A function that is made for each model and keeps the model in its closure has a cache of its own, as with functools, async-lru and aiocache.
# Seen: 2026-11-30. Three of the packages name the entry after the function's place in the source and its arguments, which are the same for every model: a panel of three asks one model, and is of one mind. diskcache takes another name (its documentation mentions it for functions without one), the others a key.
# For our users: Make the model an argument of the cached function, or name the cache after it, and look at whether the number of calls is the number of models.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check diskcache==5.6.3 joblib==1.6.0 cashews==7.6.0 aiocache==0.12.3 async-lru==2.4.0
cat > seen.txt <<'END'
functools answers a b c calls 3
async-lru answers a b c calls 3
aiocache answers a b c calls 3
diskcache answers a a a calls 1
joblib answers a a a calls 1
cashews answers a a a calls 1
diskcache with a name for each answers a b c calls 3
END
cat > program.py <<'END'
import asyncio
import functools
import inspect

import aiocache
import cashews
import diskcache
import joblib
from async_lru import alru_cache

CALLS = []


def panel(cached, asynchronous):
    """The answers of three models, each asked by a function of its own."""
    def asker(model):
        if asynchronous:
            @cached(model)
            async def ask(question):
                CALLS.append(model)
                return model
        else:
            @cached(model)
            def ask(question):
                CALLS.append(model)
                return model
        return ask

    return [asker(model) for model in "abc"]


async def main():
    disk = diskcache.Cache("disk")
    named = diskcache.Cache("named")
    memory = joblib.Memory("joblib", verbose=0)
    cashews.cache.setup("mem://")
    packages = {
        "functools": (lambda model: functools.lru_cache, False),
        "async-lru": (lambda model: alru_cache, True),
        "aiocache": (lambda model: aiocache.cached(), True),
        "diskcache": (lambda model: disk.memoize(), False),
        "joblib": (lambda model: memory.cache, False),
        "cashews": (lambda model: cashews.cache(ttl="1m"), True),
        "diskcache with a name for each": (lambda model: named.memoize(name=model), False),
    }
    for name, (cached, asynchronous) in packages.items():
        CALLS.clear()
        answers = [ask("Is block 7 valid?") for ask in panel(cached, asynchronous)]
        answers = [await answer if inspect.isawaitable(answer) else answer for answer in answers]
        print(name, "answers", *answers, "calls", len(CALLS))


asyncio.run(main())
END
venv/bin/python -W ignore program.py > now.txt
if diff seen.txt now.txt; then echo "as seen"; else echo "changed: < as seen on 2026-11-30, > now"; exit 1; fi
