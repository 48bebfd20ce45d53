"""Writes kernels.safetensors: inputs in fp32, results of PyTorch in fp64 rounded to fp32, for the kernel tests."""

import torch
import torch.nn.functional as F
from safetensors.torch import save_file

torch.manual_seed(20)
out = {}


def leaf(*shape, scale=1.0):
    return (torch.randn(*shape) * scale).double().requires_grad_()


def put(name, **tensors):
    for key, tensor in tensors.items():
        out[f"{name}.{key}"] = tensor.detach().float().contiguous()


# Causal attention with grouped queries: [T, H, D] against [T, KV, D].
T, H, KV, D = 70, 4, 2, 32
q, k, v = leaf(T, H, D), leaf(T, KV, D), leaf(T, KV, D)
y = F.scaled_dot_product_attention(
    q.transpose(0, 1), k.transpose(0, 1), v.transpose(0, 1), is_causal=True, enable_gqa=True
).transpose(0, 1)
dout = torch.randn(T, H, D).double()
y.backward(dout)
put("attention", q=q, k=k, v=v, out=y, dout=dout, dq=q.grad, dk=k.grad, dv=v.grad)

# RMS norm.
x, w = leaf(5, 35), leaf(35)
y = F.rms_norm(x, (35,), w, eps=1e-6)
dy = torch.randn(5, 35).double()
y.backward(dy)
put("rmsnorm", x=x, weight=w, y=y, dy=dy, dx=x.grad, dweight=w.grad)

# Gate.
gate, up = leaf(3, 41, scale=4), leaf(3, 41)
y = F.silu(gate) * up
dy = torch.randn(3, 41).double()
y.backward(dy)
put("swiglu", gate=gate, up=up, y=y, dy=dy, dgate=gate.grad, dup=up.grad)

# Log-softmax at temperature 0.8 with an entropy bonus.
logits = leaf(6, 53, scale=3)
target = torch.arange(6) * 7
coeff, bonus = torch.randn(6).double(), torch.randn(6).double()
log_p = F.log_softmax(logits * 1.25, -1)
logp = log_p.gather(1, target[:, None])[:, 0]
entropy = -(log_p.exp() * log_p).sum(-1)
(coeff * logp + bonus * entropy).sum().backward()
put("softmax", logits=logits, coeff=coeff, bonus=bonus, logp=logp, entropy=entropy,
    lse=torch.logsumexp(logits * 1.25, -1), dlogits=logits.grad)

# Five AdamW steps on one gradient each.
p = leaf(37)
optimizer = torch.optim.AdamW([p], lr=0.01, betas=(0.9, 0.95), eps=1e-8, weight_decay=0.1)
start, grads = p.detach().clone(), torch.randn(5, 37).double()
for grad in grads:
    p.grad = grad.clone()
    optimizer.step()
put("adamw", start=start, grads=grads, end=p)

save_file(out, "kernels.safetensors")
