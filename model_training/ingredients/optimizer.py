"""Muon (Jordan et al. 2024) for convolutions, which Keras' own leaves to AdamW."""

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable("undertone")
class ConvolutionalMuon(keras.optimizers.Muon):
    """Muon over kernels of dense layers and convolutions, AdamW over all else.

    The momentum of a kernel is made orthogonal before it is followed, so that no direction of it is
    learned more slowly than another. A convolution's kernel (height, width, inputs, outputs) is a
    matrix (height * width * inputs, outputs) for it. What has one input, and the last layer, whose
    weights are named "logits", are AdamW's.
    """

    def _should_use_adamw(self, variable: Any) -> bool:
        matrix = len(variable.shape) in (2, 4) and variable.shape[-2] > 1
        return not matrix or "logits" in variable.path

    def _muon_update_step(self, gradient: Any, variable: Any, lr: Any, m: Any) -> None:
        self.assign_add(m, gradient + m * (self.momentum - 1))
        ahead = gradient + self.momentum * m  # Nesterov's
        matrix = ops.reshape(ahead, (-1, variable.shape[-1]))
        update = self.lr_adjust(lr * self.zeropower_via_newtonschulz5(matrix, self.ns_steps))
        self.assign_sub(variable, ops.reshape(update, variable.shape))
