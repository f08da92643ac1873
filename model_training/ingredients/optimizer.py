"""Muon (Jordan et al. 2024) for convolutions; Keras' own Muon trains them with AdamW."""

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable("undertone")
class ConvolutionalMuon(keras.optimizers.Muon):
    """Muon for kernels of dense layers and convolutions, AdamW for all other weights.

    The momentum of a kernel is made orthogonal before the update, so that all directions are
    learned at the same speed. The kernel of a convolution (height, width, inputs, outputs) is
    treated as a matrix (height * width * inputs, outputs). Kernels with one input and the weights
    of the last layer, "logits", are trained with AdamW.
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
