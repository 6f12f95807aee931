"""Two derivatives on which `torch.autograd.gradcheck` errs with its default settings, in float64.

A gradient is accepted there when it is within ``1e-5 + 1e-3 * abs(difference quotient)`` of a quotient with
the nudge 1e-6. Where derivatives are small the first number accepts nearly everything; where a function
turns quickly 1e-6 is too large a nudge.
"""

import torch


class Wave(torch.autograd.Function):  # 1e-8*sin(x) with a backward that is wrong by a factor 68
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return 1e-8 * torch.sin(x)

    @staticmethod
    def backward(ctx, adjoint):
        (x,) = ctx.saved_tensors
        return adjoint * 68e-8 * torch.cos(x)


x = torch.tensor(1.0, dtype=torch.float64, requires_grad=True)
print(torch.autograd.gradcheck(Wave.apply, x))  # True: the wrong backward is accepted

fast = torch.autograd.gradcheck(lambda x: torch.sin(1e5 * x), x, raise_exception=False)
print(fast)  # False: PyTorch's own, right backward is rejected

# The same two questions to nudgegrad's gradcheck, which takes the same arguments:
from nudgegrad.frameworks.torch import gradcheck

print(gradcheck(Wave.apply, x, raise_exception=False))  # False
print(gradcheck(lambda x: torch.sin(1e5 * x), x))  # True
