#include "train/zoo/layers.h"

#include <cmath>
#include <numeric>

#include "train/zoo/zoo.h"

namespace gnomon::train {

using ir::Value;

namespace {

using Axes = std::vector<std::int64_t>;

// PyTorch's default for linear and convolution layers: uniform within 1/√fan-in.
ir::Initial by_fan_in(std::int64_t fan_in) {
  return {ir::Initial::Kind::uniform, 1 / std::sqrt(static_cast<double>(fan_in))};
}

ir::Initial constant(double value) { return {ir::Initial::Kind::constant, value}; }

std::int64_t width_of(const ir::Type& type) { return type.dims.back().size; }

}  // namespace

Value Layers::image(const ModelShape& shape) {
  return input("image",
               {DType::f32, {{"b", shape.batch}, shape.channels, shape.height, shape.width}});
}

Value Layers::linear(const std::string& name, Value x, std::int64_t features) {
  build_.label(name);
  const auto width = width_of(type(x));
  const Value weight =
      build_.parameter(name + ".weight", {DType::f32, {features, width}}, by_fan_in(width));
  const Value bias = build_.parameter(name + ".bias", {DType::f32, {features}}, by_fan_in(width));
  const Value product = build_(ir::MatMul{false, true}, {x, weight});
  return add(product, per_channel(bias, product, 1));
}

Value Layers::convolution(const std::string& name, Value x, const ConvolutionShape& shape) {
  build_.label(name);
  const auto depth = type(x).dims[1].size;
  const auto fan_in = depth * shape.kernel * shape.kernel;
  const Value weight = build_.parameter(
      name + ".weight", {DType::f32, {shape.channels, depth, shape.kernel, shape.kernel}},
      by_fan_in(fan_in));
  const ir::Convolution convolve{{shape.stride, shape.stride}, {shape.padding, shape.padding}};
  if (!shape.bias) return build_(convolve, {x, weight});
  const Value bias =
      build_.parameter(name + ".bias", {DType::f32, {shape.channels}}, by_fan_in(fan_in));
  const Value product = build_(convolve, {x, weight});
  return add(product, per_channel(bias, product, 1));
}

Value Layers::batch_norm(const std::string& name, Value x) {
  constexpr double epsilon = 1e-5, momentum = 0.1;
  build_.label(name);
  const ir::Type vector{DType::f32, {type(x).dims[1]}};
  const Value scale_by = build_.parameter(name + ".weight", vector, constant(1));
  const Value shift_by = build_.parameter(name + ".bias", vector, constant(0));
  const std::string mean_name = name + ".running_mean", variance_name = name + ".running_var";
  const Value old_mean = build_.state({mean_name, vector, ir::Role::statistic, constant(0), {}});
  const Value old_variance =
      build_.state({variance_name, vector, ir::Role::statistic, constant(1), {}});
  Value mean = old_mean, variance = old_variance;
  Value centred = x;
  if (mode_ == Mode::training) {
    const std::vector<std::int64_t> axes{0, 2, 3};
    const Value count = build_(ir::Extent{axes}, {x});
    const auto mean_of = [&](Value v) {
      const Value total = build_(ir::Sum{4, axes}, {v});
      return build_(ir::Divide{}, {total, build_.broadcast_like(count, total)});
    };
    mean = mean_of(x);
    centred = build_(ir::Subtract{}, {x, per_channel(mean, x, 1)});
    variance = mean_of(build_(ir::Multiply{}, {centred, centred}));
    const Value one = build_.full_like(count, 1);
    const Value unbiased = build_(
        ir::Multiply{},
        {variance,
         build_.broadcast_like(build_(ir::Divide{}, {count, build_(ir::Subtract{}, {count, one})}),
                               variance)});
    const auto follow = [&](const std::string& statistic, Value old, Value fresh) {
      build_.write(statistic, add(scale(old, 1 - momentum), scale(fresh, momentum)));
    };
    follow(mean_name, old_mean, mean);
    follow(variance_name, old_variance, unbiased);
  } else {
    centred = build_(ir::Subtract{}, {x, per_channel(mean, x, 1)});
  }
  const Value deviation =
      build_(ir::SquareRoot{}, {add(variance, build_.full_like(variance, epsilon))});
  const Value factor = build_(ir::Divide{}, {scale_by, deviation});
  return add(build_(ir::Multiply{}, {centred, per_channel(factor, x, 1)}),
             per_channel(shift_by, x, 1));
}

Value Layers::layer_norm(const std::string& name, Value x) {
  constexpr double epsilon = 1e-5;
  build_.label(name);
  const auto last = static_cast<std::int64_t>(type(x).rank()) - 1;
  const auto width = width_of(type(x));
  const Value scale_by = build_.parameter(name + ".weight", {DType::f32, {width}}, constant(1));
  const Value shift_by = build_.parameter(name + ".bias", {DType::f32, {width}}, constant(0));
  std::vector<std::int64_t> leading(static_cast<std::size_t>(last));
  std::iota(leading.begin(), leading.end(), 0);
  const auto per_row = [&](Value v) { return build_(ir::Broadcast{leading, type(x)}, {v}); };
  const auto mean_of = [&](Value v) {
    return scale(build_(ir::Sum{last + 1, {last}}, {v}), 1 / static_cast<double>(width));
  };
  const Value centred = build_(ir::Subtract{}, {x, per_row(mean_of(x))});
  const Value variance = mean_of(build_(ir::Multiply{}, {centred, centred}));
  const Value deviation =
      build_(ir::SquareRoot{}, {add(variance, build_.full_like(variance, epsilon))});
  const Value normal = build_(ir::Divide{}, {centred, per_row(deviation)});
  return add(build_(ir::Multiply{}, {normal, per_channel(scale_by, x, last)}),
             per_channel(shift_by, x, last));
}

Value Layers::embedding(const std::string& name, Value numbers, std::int64_t rows,
                        std::int64_t width, double deviation) {
  build_.label(name);
  const Value rows_of = build_.parameter(name + ".weight", {DType::f32, {rows, width}},
                                         {ir::Initial::Kind::normal, deviation});
  return build_(ir::Gather{}, {rows_of, numbers});
}

Value Layers::against_table(const std::string& embedding, Value x) {
  build_.label("logits");
  const ir::Dims dims = type(x).dims;
  const Value rows_of = build_.read(embedding + ".weight");
  const Value product = build_(ir::MatMul{false, true}, {as_rows(x), rows_of});
  return reshape(product, {dims[0], dims[1], type(rows_of).dims[0]});
}

Value Layers::add_positions(const std::string& name, Value x, std::int64_t context,
                            double deviation) {
  build_.label(name);
  Value positions = build_.parameter(name + ".weight", {DType::f32, {context, width_of(type(x))}},
                                     {ir::Initial::Kind::normal, deviation});
  if (mode_ == Mode::decode) {
    const Value here = build_(ir::Convert{DType::i32}, {reshape(position(), {1})});
    positions = build_(ir::Gather{}, {positions, here});
  }
  return add(x, build_(ir::Broadcast{{1, 2}, type(x)}, {positions}));
}

// x/2 · (1 + tanh(√(2/π) (x + 0.044715 x³)))
Value Layers::gelu(Value x) {
  const Value square = build_(ir::Multiply{}, {x, x});
  const Value inner = add(x, scale(build_(ir::Multiply{}, {square, x}), 0.044715));
  const Value bent = build_(ir::Tanh{}, {scale(inner, std::sqrt(2 / M_PI))});
  return build_(ir::Multiply{}, {scale(x, 0.5), add(bent, build_.full_like(bent, 1))});
}

Value Layers::global_mean(Value x) {
  const ir::Dims& dims = type(x).dims;
  const double count = static_cast<double>(dims[2].size * dims[3].size);
  return scale(build_(ir::Sum{4, {2, 3}}, {x}), 1 / count);
}

Value Layers::dropout(Value x, double share) {
  if (share == 0 || mode_ != Mode::training) return x;
  if (!step_) step_ = build_.input("step", {DType::i64, {}});
  const Value number =
      build_(ir::RandomUniform{static_cast<std::int64_t>(seed_), streams_++, type(x)}, {*step_});
  const Value kept =
      build_(ir::Step{}, {build_(ir::Subtract{}, {number, build_.full_like(number, share)})});
  return build_(ir::Multiply{}, {x, scale(kept, 1 / (1 - share))});
}

Value Layers::causal_attention(const std::string& name, Value x, const AttentionShape& shape) {
  const ir::Dims dims = type(x).dims;
  const auto batch = dims[0].size, length = dims[1].size, width = dims[2].size;
  const auto heads = shape.heads, depth = width / heads;
  const Value rows = as_rows(x);
  // [b·t, width] → [b, heads, t, depth], or with the last two exchanged
  const auto split = [&](const std::string& which, bool exchanged) {
    const Value all = linear(name + "." + which, rows, width);
    const ir::Transpose by_head{exchanged ? Axes{0, 2, 3, 1} : Axes{0, 2, 1, 3}};
    return build_(by_head, {reshape(all, {batch, length, heads, depth})});
  };
  // Caches have their positions side by side: a new one is put there in long rows.
  const bool caches = mode_ == Mode::prefill || mode_ == Mode::decode;
  const Value query = split("query", false);
  Value key = split("key", caches), value = split("value", caches);
  build_.label(name);
  if (caches) {
    key = cached(name + ".key_cache", key, shape.context);
    value = cached(name + ".value_cache", value, shape.context);
  }
  const Value scores = scale(build_(ir::MatMul{false, !caches}, {query, key}),
                             1 / std::sqrt(static_cast<double>(depth)));
  const Value hidden = mask(length, type(scores).dims[3].size);
  Value weights =
      build_(ir::Softmax{}, {add(scores, build_(ir::Broadcast{{2, 3}, type(scores)}, {hidden}))});
  weights = dropout(weights, shape.dropout);
  const Value mixed =
      build_(ir::Transpose{{0, 2, 1, 3}}, {build_(ir::MatMul{false, caches}, {weights, value})});
  const Value out = linear(name + ".output", reshape(mixed, {batch * length, width}), width);
  return reshape(out, dims);
}

// The place in its text of the token that a decode program is given.
Value Layers::position() {
  if (!position_) position_ = build_.input("position", {DType::i64, {}});
  return *position_;
}

// [queries, keys]: 0 where the key's position is not behind the query's, else very negative.
Value Layers::mask(std::int64_t queries, std::int64_t keys) {
  if (const auto found = masks_.find(keys); found != masks_.end()) return found->second;
  const ir::Type table{DType::f32, {queries, keys}};
  const Value second = build_(ir::Iota{1, table}, {});
  const Value first =
      mode_ == Mode::decode
          ? build_.broadcast_like(build_(ir::Convert{DType::f32}, {position()}), second)
          : build_(ir::Iota{0, table}, {});
  const Value behind = build_(ir::Step{}, {build_(ir::Subtract{}, {second, first})});
  return masks_[keys] = scale(behind, -1e9);
}

// Keys or values [b, heads, depth, context] of the whole text, of which `fresh` are new.
Value Layers::cached(const std::string& name, Value fresh, std::int64_t context) {
  const ir::Dims dims = type(fresh).dims;
  const ir::Type whole{DType::f32, {dims[0], dims[1], dims[2], context}};
  Value all = fresh;
  const Value old = build_.state({name, whole, ir::Role::statistic, constant(0), {}});
  if (mode_ == Mode::decode) {
    // Products with 0 and 1 and the sum of one of them with 0 are exact.
    const Value number = build_(ir::Convert{DType::i32}, {reshape(position(), {1})});
    const Value row = reshape(build_(ir::OneHot{context}, {number}), {context});
    const Value here = build_(ir::Broadcast{{3}, whole}, {row});
    const Value elsewhere = build_(ir::Subtract{}, {build_.full_like(here, 1), here});
    const Value spread =
        build_(ir::Broadcast{{0, 1, 2}, whole}, {reshape(fresh, {dims[0], dims[1], dims[2]})});
    all = add(build_(ir::Multiply{}, {old, elsewhere}), build_(ir::Multiply{}, {spread, here}));
  }
  build_.write(name, all);
  return all;
}

Value Layers::flatten(Value x) {
  const ir::Type& given = type(x);
  std::int64_t width = 1;
  for (std::size_t d = 1; d < given.rank(); ++d) width *= given.dims[d].size;
  return reshape(x, {given.dims[0], width});
}

Value Layers::as_rows(Value x) {
  const ir::Dims& dims = type(x).dims;
  return reshape(x, {dims[0].size * dims[1].size, dims[2].size});
}

Value Layers::reshape(Value x, ir::Dims dims) {
  return build_(ir::Reshape{{type(x).dtype, std::move(dims)}}, {x});
}

Value Layers::scale(Value x, double factor) {
  return build_(ir::Multiply{}, {x, build_.full_like(x, factor)});
}

Value Layers::per_channel(Value vector, Value like, std::int64_t axis) {
  return build_(ir::Broadcast{{axis}, {type(vector).dtype, type(like).dims}}, {vector});
}

}  // namespace gnomon::train
