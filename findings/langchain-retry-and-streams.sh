#!/usr/bin/env bash
# Title: LangChain's with_retry does not retry a stream
# Field: LLM clients
# Packages: langchain-core==1.8.3
# Expected: with_retry gives a runnable that retries the original on errors, whichever way it is called.
# Seen: 2026-11-29. invoke is tried three times, stream once, though nothing had been sent; with_fallbacks does cover the first chunk.
# For our users: Ask panels with invoke, or retry around the whole stream.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check langchain-core==1.8.3
cat > seen.txt <<'END'
invoke yes calls 3
stream ConnectionError calls 1
fallback yes
END
cat > program.py <<'END'
from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult

class Model(BaseChatModel):
    calls: int = 0
    failures: int = 2

    @property
    def _llm_type(self):
        return "model"

    def _fail(self):
        self.calls += 1
        if self.calls <= self.failures:
            raise ConnectionError

    def _generate(self, messages, stop=None, run_manager=None, **kwargs):
        self._fail()
        return ChatResult(generations=[ChatGeneration(message=AIMessage("yes"))])

    def _stream(self, messages, stop=None, run_manager=None, **kwargs):
        self._fail()
        yield ChatGenerationChunk(message=AIMessageChunk("yes"))

for name in ("invoke", "stream"):
    model = Model()
    retried = model.with_retry(stop_after_attempt=3, wait_exponential_jitter=False)
    try:
        answer = retried.invoke("?").content if name == "invoke" else [part.content for part in retried.stream("?")]
    except ConnectionError:
        answer = "ConnectionError"
    print(name, answer, "calls", model.calls)
fallback = Model(failures=1).with_fallbacks([Model(failures=0)])
print("fallback", "".join(chunk.content for chunk in fallback.stream("?")))
END
venv/bin/python -W ignore program.py > now.txt
if diff seen.txt now.txt; then echo "as seen"; else echo "changed: < as seen on 2026-11-29, > now"; exit 1; fi
