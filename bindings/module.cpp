#include "bindings/exports.h"
#include "engine/run/build_info.h"

NB_MODULE(_core, m) {
  using namespace innerloop;
  m.doc() =
      "The engine. Whoever uses innerloop finds all of it, with its documentation, in the package itself.";
  m.attr("version") = version();
  export_errors(m);
  export_config(m);
  export_device(m);
  export_training(m);
  export_trained(m);
  export_device_array(m);
  export_vector_environment(m);
}
