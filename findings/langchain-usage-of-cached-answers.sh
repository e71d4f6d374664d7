#!/usr/bin/env bash
# Title: LangChain's usage callback counts tokens of answers that came from its cache
# Field: LLM clients
# Packages: langchain-core==1.8.3
# Expected: UsageMetadataCallbackHandler tells the tokens that were used.
# Seen: 2026-11-29. One call and two answers from the cache give three times the tokens.
# For our users: Costs of a panel with a cache are overstated; count at the endpoint, or where the cache is missed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check langchain-core==1.8.3
cat > seen.txt <<'END'
calls 1 tokens counted 33
END
cat > program.py <<'END'
from langchain_core.caches import InMemoryCache
from langchain_core.callbacks import UsageMetadataCallbackHandler
from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.messages import AIMessage
from langchain_core.outputs import ChatGeneration, ChatResult

class Model(BaseChatModel):
    calls: int = 0

    @property
    def _llm_type(self):
        return "model"

    def _generate(self, messages, stop=None, run_manager=None, **kwargs):
        self.calls += 1
        usage = {"input_tokens": 10, "output_tokens": 1, "total_tokens": 11}
        message = AIMessage("yes", usage_metadata=usage, response_metadata={"model_name": "m"})
        return ChatResult(generations=[ChatGeneration(message=message)])

model, counter = Model(cache=InMemoryCache()), UsageMetadataCallbackHandler()
for _ in range(3):
    model.invoke("?", config={"callbacks": [counter]})
print("calls", model.calls, "tokens counted", counter.usage_metadata["m"]["total_tokens"])
END
venv/bin/python -W ignore program.py > now.txt
if diff seen.txt now.txt; then echo "as seen"; else echo "changed: < as seen on 2026-11-29, > now"; exit 1; fi
