from qantara.models.adapter_config import AdapterConfig
from qantara.models.adapters import attach
from qantara.models.loading import load_model
from qantara.train.audit import trainable
from qantara.train.state import TrainingState


def test_the_optimizer_holds_every_tensor_that_trains_once(mixture_folder, config):
    model = attach(load_model(mixture_folder, quantization="nf4", dtype="float32"), AdapterConfig())
    state = TrainingState.start(model, config)
    held = [id(p) for group in state.optimizer.param_groups for p in group["params"]]
    assert sorted(held) == sorted(id(tensor) for _, tensor in trainable(model))
    assert [group["peak"] for group in state.optimizer.param_groups] == [5e-3, 2e-3]


def test_a_dense_model_has_no_router_group(dense_folder, config):
    model = attach(load_model(dense_folder, quantization="none", dtype="float32"), AdapterConfig())
    assert len(TrainingState.start(model, config).optimizer.param_groups) == 1
