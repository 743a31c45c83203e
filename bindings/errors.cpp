#include "bindings/exports.h"
#include "engine/error.h"

namespace innerloop {
namespace {

// The class is looked up when one is thrown: the package imports this module before it has any.
void raise(const char* class_name, const char* message) {
  const nb::object type = nb::module_::import_("innerloop._errors").attr(class_name);
  PyErr_SetString(type.ptr(), message);
}

}  // namespace

void export_errors(nb::module_&) {
  nb::register_exception_translator([](const std::exception_ptr& thrown, void*) {
    try {
      std::rethrow_exception(thrown);
    } catch (const InputError& error) {
      raise("InputError", error.what());
    } catch (const RunError& error) {
      raise("RunError", error.what());
    }
  });
}

}  // namespace innerloop
