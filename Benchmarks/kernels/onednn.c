// oneDNN's products through its C interface.
#include "onednn.h"

#include <oneapi/dnnl/dnnl.h>
#include <stdlib.h>

struct onednn_product {
    dnnl_engine_t engine;
    dnnl_stream_t stream;
    dnnl_primitive_t primitive;
    dnnl_memory_t x, w, y;
};

static dnnl_memory_t memory(const dnnl_memory_desc_t *shape, dnnl_engine_t engine, void *data) {
    dnnl_memory_t memory = NULL;
    if (dnnl_memory_create(&memory, shape, engine, data) != dnnl_success) abort();
    return memory;
}

onednn_product *onednn_bf16(size_t m, size_t n, size_t k, int x_across, int w_down, float *y) {
    onednn_product *p = calloc(1, sizeof *p);
    dnnl_memory_desc_t x_shape, w_shape, y_shape;
    dnnl_matmul_desc_t description;
    dnnl_primitive_desc_t chosen;
    dnnl_dim_t x_sizes[2] = {(dnnl_dim_t)m, (dnnl_dim_t)k}, w_sizes[2] = {(dnnl_dim_t)k, (dnnl_dim_t)n};
    dnnl_dim_t y_sizes[2] = {(dnnl_dim_t)m, (dnnl_dim_t)n};
    if (!p) return NULL;
    dnnl_memory_desc_init_by_tag(&x_shape, 2, x_sizes, dnnl_bf16, x_across ? dnnl_ba : dnnl_ab);
    dnnl_memory_desc_init_by_tag(
        &w_shape, 2, w_sizes, dnnl_bf16, x_across ? (w_down ? dnnl_ab : dnnl_ba) : dnnl_format_tag_any);
    dnnl_memory_desc_init_by_tag(&y_shape, 2, y_sizes, dnnl_f32, dnnl_ab);
    if (dnnl_engine_create(&p->engine, dnnl_cpu, 0) != dnnl_success ||
        dnnl_stream_create(&p->stream, p->engine, dnnl_stream_default_flags) != dnnl_success ||
        dnnl_matmul_desc_init(&description, &x_shape, &w_shape, NULL, &y_shape) != dnnl_success ||
        dnnl_primitive_desc_create(&chosen, &description, NULL, p->engine, NULL) != dnnl_success ||
        dnnl_primitive_create(&p->primitive, chosen) != dnnl_success) {
        free(p);
        return NULL;
    }
    p->x = memory(&x_shape, p->engine, DNNL_MEMORY_ALLOCATE);
    p->w = memory(dnnl_primitive_desc_query_md(chosen, dnnl_query_weights_md, 0), p->engine, DNNL_MEMORY_ALLOCATE);
    p->y = memory(&y_shape, p->engine, y);
    dnnl_primitive_desc_destroy(chosen);
    return p;
}

void onednn_run(const onednn_product *p) {
    dnnl_exec_arg_t arguments[] = {{DNNL_ARG_SRC, p->x}, {DNNL_ARG_WEIGHTS, p->w}, {DNNL_ARG_DST, p->y}};
    dnnl_primitive_execute(p->primitive, p->stream, 3, arguments);
    dnnl_stream_wait(p->stream);
}

void onednn_free(onednn_product *p) {
    dnnl_memory_destroy(p->x);
    dnnl_memory_destroy(p->w);
    dnnl_memory_destroy(p->y);
    dnnl_primitive_destroy(p->primitive);
    dnnl_stream_destroy(p->stream);
    dnnl_engine_destroy(p->engine);
    free(p);
}

void onednn_fp32(size_t m, size_t n, size_t k, int x_across, int w_down, const float *x, const float *w, float *y) {
    dnnl_sgemm(
        x_across ? 'T' : 'N', w_down ? 'N' : 'T', (dnnl_dim_t)m, (dnnl_dim_t)n, (dnnl_dim_t)k, 1, x,
        (dnnl_dim_t)(x_across ? m : k), w, (dnnl_dim_t)(w_down ? n : k), 0, y, (dnnl_dim_t)n);
}
