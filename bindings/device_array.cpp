#include "bindings/device_array.h"

#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>

#include <cstdint>
#include <functional>
#include <numeric>
#include <optional>
#include <string>

#include "engine/error.h"

namespace innerloop {

std::size_t DeviceArray::bytes() const {
  return std::accumulate(shape.begin(), shape.end(), std::size_t{type.bits} / 8, std::multiplies());
}

namespace {

// The stream that DLPack names so; none: nothing is to be ordered.
std::optional<std::uintptr_t> stream_of(std::optional<std::int64_t> stream) {
  constexpr std::int64_t kUnordered = -1, kLegacyDefault = 1;
  if (stream == kUnordered) return std::nullopt;
  const std::int64_t number = stream.value_or(kLegacyDefault);
  if (number < 1)
    throw InputError(
        "stream: wanted None or 1 for the legacy default stream, 2 for the thread's, -1 for no order, or "
        "the number of a stream, found " +
        std::to_string(number));
  return static_cast<std::uintptr_t>(number);
}

nb::tuple shape_of(const DeviceArray& array) {
  nb::list sizes;
  for (const std::size_t size : array.shape) sizes.append(size);
  return nb::tuple(sizes);
}

nb::object type_of(const DeviceArray& array) {
  const bool is_flag = array.type == nb::dtype<bool>(), is_float = array.type == nb::dtype<float>();
  return nb::module_::import_("numpy").attr("dtype")(is_flag ? "bool" : is_float ? "float32" : "int32");
}

nb::object capsule_of(nb::handle self, std::optional<std::int64_t> stream, const nb::object& max_version,
                      const nb::object& dl_device, const nb::object& copy) {
  const auto& its = nb::cast<const DeviceArray&>(self);
  const std::optional<std::uintptr_t> theirs = stream_of(stream);
  // Others refuse what is read-only, or cannot say it: so it may be written, to no avail.
  const nb::ndarray<nb::array_api> array(const_cast<void*>(its.data), its.shape.size(), its.shape.data(),
                                         self, nullptr, its.type, nb::device::cuda::value,
                                         its.on->device.number());
  nb::object capsule = nb::cast(array).attr("__dlpack__")(
      nb::arg("max_version") = max_version, nb::arg("dl_device") = dl_device, nb::arg("copy") = copy);
  if (theirs) its.on->alone([&] { its.on->device.hold_back(*theirs); });
  return capsule;
}

nb::dict interface_of(const DeviceArray& its) {
  nb::dict all;
  all["version"] = 3;
  all["shape"] = shape_of(its);
  all["typestr"] = type_of(its).attr("str");
  all["data"] = nb::make_tuple(reinterpret_cast<std::uintptr_t>(its.data), false);
  all["strides"] = nb::none();
  all["stream"] = its.on->device.stream();
  return all;
}

nb::ndarray<nb::numpy> host_copy(const DeviceArray& its) {
  auto* const bytes = new std::vector<std::byte>(its.bytes());
  const nb::capsule owner(bytes, [](void* p) noexcept { delete static_cast<std::vector<std::byte>*>(p); });
  its.on->alone([&] { its.on->device.read(static_cast<const std::byte*>(its.data), *bytes); });
  return {bytes->data(), its.shape.size(), its.shape.data(), owner, nullptr, its.type};
}

DeviceArray device_copy(const DeviceArray& its) {
  DeviceArray copy = its;
  its.on->alone([&] {
    const auto bytes = static_cast<std::int64_t>(its.bytes());
    copy.memory = its.on->device.allocate(bytes);
    copy.data = copy.memory.get();
    its.on->device.copy_on_device(copy.memory.get(), its.data, bytes);
  });
  return copy;
}

std::string text_of(const DeviceArray& its) {
  const nb::object type = type_of(its);
  return "<DeviceArray: " + nb::cast<std::string>(nb::str(type)) + " " + nb::repr(shape_of(its)).c_str() +
         " on cuda:" + std::to_string(its.on->device.number()) + ">";
}

}  // namespace

void export_device_array(nb::module_& m) {
  nb::class_<DeviceArray>(m, "DeviceArray")
      .def_prop_ro("shape", &shape_of)
      .def_prop_ro("dtype", &type_of, nb::sig("def dtype(self) -> numpy.dtype[typing.Any]"))
      .def("__dlpack_device__",
           [](const DeviceArray& its) {
             return nb::make_tuple(nb::device::cuda::value, its.on->device.number());
           })
      .def("__dlpack__", &capsule_of, nb::kw_only(), nb::arg("stream") = nb::none(),
           nb::arg("max_version") = nb::none(), nb::arg("dl_device") = nb::none(),
           nb::arg("copy") = nb::none())
      .def_prop_ro("__cuda_array_interface__", &interface_of)
      .def("numpy", &host_copy)
      .def("copy", &device_copy)
      .def(
          "__array__",
          [](const DeviceArray& its, const nb::object& type, const std::optional<bool>& copy) {
            if (copy == false)
              throw nb::value_error("copy: wanted True or None for an array of a GPU, found False");
            const nb::object array = nb::cast(host_copy(its));
            return type.is_none() ? array : array.attr("astype")(type);
          },
          nb::arg("dtype") = nb::none(), nb::arg("copy") = nb::none())
      .def("__repr__", &text_of);
}

}  // namespace innerloop
