from qantara.models.packed_attention import IMPLEMENTATION


def test_a_run_starts_before_its_first_step_with_nothing_proven(started, mixture_folder):
    state = started(mixture_folder)
    assert (state.step, state.points, state.audit.counts, state.mixture) == (0, [], None, True)
    assert state.forward is state.model
    assert state.model.config._attn_implementation == IMPLEMENTATION


def test_a_dense_model_is_no_mixture_and_counts_no_routing(started, dense_folder):
    state = started(dense_folder, quantization="none")
    assert not state.mixture
    with state.routing.counting() as use:
        assert use is None
