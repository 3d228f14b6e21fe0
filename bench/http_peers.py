"""The peers of http_bench.py: each with the same forest (model.txt of its folder), one worker, one thread, its fastest way
to take a row, and no log of its requests.

FastAPI with LightGBM runs in the Python that all benches have. The others are found in those that $MILLWRIGHT_PEERS
names, with colons between them: virtual environments with bench/http_peers.txt and bench/http_mlserver.txt.
"""
import dataclasses
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Callable

COLUMNS = 28
ROW = f"""\
import sys
import numpy, uvicorn
from fastapi import FastAPI
from pydantic import BaseModel
Row = type("Row", (BaseModel,), {{"__annotations__": {{f"x{{i}}": float for i in range({COLUMNS})}}}})
app = FastAPI()
"""
RUN = 'uvicorn.run(app, port=int(sys.argv[1]), log_level="error", loop="uvloop", http="httptools")\n'
FASTAPI_LIGHTGBM = ROW + """\
import lightgbm
booster = lightgbm.Booster(model_file="model.txt")
@app.post("/predict")
async def predict(row: Row):
    values = numpy.array([list(row.__dict__.values())])
    return {"prediction": float(booster.predict(values, num_threads=1)[0])}
""" + RUN
FASTAPI_ONNX = ROW + f"""\
import lightgbm, onnxruntime
from onnxmltools import convert_lightgbm
from onnxmltools.convert.common.data_types import FloatTensorType
model = convert_lightgbm(lightgbm.Booster(model_file="model.txt"), zipmap=False,
                         initial_types=[("x", FloatTensorType([None, {COLUMNS}]))])
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = options.inter_op_num_threads = 1
session = onnxruntime.InferenceSession(model.SerializeToString(), options)
@app.post("/predict")
async def predict(row: Row):
    values = numpy.array([list(row.__dict__.values())], dtype=numpy.float32)
    return {{"prediction": float(session.run(["probabilities"], {{"x": values}})[0][0, 1])}}
""" + RUN
MLSERVER = """\
import json, pathlib, sys
port = int(sys.argv[1])
pathlib.Path("mlserver").mkdir(exist_ok=True)
pathlib.Path("mlserver/model.bst").write_text(pathlib.Path("model.txt").read_text())
pathlib.Path("mlserver/settings.json").write_text(json.dumps(
    {"debug": False, "http_port": port, "grpc_port": port + 1, "metrics_port": port + 2, "parallel_workers": 0}))
pathlib.Path("mlserver/model-settings.json").write_text(json.dumps(
    {"name": "m", "implementation": "mlserver_lightgbm.LightGBMModel", "parameters": {"uri": "./model.bst"}}))
sys.argv = ["mlserver", "start", "mlserver"]
from mlserver.cli import main
main()
"""
MLFLOW = """\
import runpy, sys
import lightgbm, mlflow.lightgbm
port = sys.argv[1]
mlflow.lightgbm.save_model(lightgbm.Booster(model_file="model.txt"), "mlflow")
sys.argv = ["mlflow", "models", "serve", "-m", "mlflow", "-p", port, "--env-manager", "local", "--workers", "1"]
runpy.run_module("mlflow", run_name="__main__")
"""
BENTOML_SERVICE = """\
import bentoml, lightgbm, numpy
@bentoml.service(workers=1, logging={"access": {"enabled": False}})
class Peer:
    def __init__(self):
        self.booster = lightgbm.Booster(model_file="model.txt")
    @bentoml.api
    async def predict(self, row: list[float]) -> float:
        return float(self.booster.predict(numpy.array([row]), num_threads=1)[0])
"""
BENTOML = f"""\
import pathlib, runpy, sys
pathlib.Path("bento_service.py").write_text({BENTOML_SERVICE!r})
sys.argv = ["bentoml", "serve", "bento_service:Peer", "--port", sys.argv[1]]
runpy.run_module("bentoml", run_name="__main__")
"""


def open_inference(row):
    return json.dumps({"inputs": [{"name": "x", "shape": [1, COLUMNS], "datatype": "FP64", "data": list(row.values())}]})


@dataclasses.dataclass(frozen=True)
class Peer:
    name: str
    needs: tuple[str, ...]  # modules
    script: str             # is told its port
    path: str
    ready: str              # answers 200 once it serves
    body: Callable[[dict], str]
    is_quick: bool = False  # else it is asked for fewer rows


PEERS = [
    Peer("FastAPI + LightGBM", ("fastapi", "uvloop", "lightgbm"), FASTAPI_LIGHTGBM, "/predict", "/openapi.json", json.dumps,
         is_quick=True),
    Peer("FastAPI + ONNX Runtime", ("fastapi", "uvloop", "onnxruntime", "onnxmltools"), FASTAPI_ONNX, "/predict",
         "/openapi.json", json.dumps, is_quick=True),
    Peer("MLServer", ("mlserver", "mlserver_lightgbm"), MLSERVER, "/v2/models/m/infer", "/v2/models/m/ready", open_inference),
    Peer("MLflow models serve", ("mlflow", "lightgbm"), MLFLOW, "/invocations", "/ping",
         lambda row: json.dumps({"inputs": [list(row.values())]})),
    Peer("BentoML", ("bentoml", "lightgbm"), BENTOML, "/predict", "/readyz",
         lambda row: json.dumps({"row": list(row.values())})),
]


def python_of(peer):
    """The first Python in which all it needs can be imported: that it is there says too little; None if there is none."""
    look = f"import {', '.join(peer.needs)}"
    for python in [*filter(None, os.environ.get("MILLWRIGHT_PEERS", "").split(":")), sys.executable]:
        if subprocess.run([python, "-c", look], capture_output=True, check=False).returncode == 0:
            return python
    return None


def command(peer, python, folder, port):
    script = f"{peer.needs[0]}_{peer.needs[-1]}_peer.py"
    (Path(folder) / script).write_text(peer.script)
    return [python, script, str(port)]


def environment(python):
    """Programs that they start are those of their Python; the forest is walked by one thread."""
    return {**os.environ, "PATH": f"{Path(python).parent}:{os.environ['PATH']}", "OMP_NUM_THREADS": "1",
            "BENTOML_DO_NOT_TRACK": "1", "MLFLOW_DISABLE_TELEMETRY": "true", "UVICORN_ACCESS_LOG": "false"}
