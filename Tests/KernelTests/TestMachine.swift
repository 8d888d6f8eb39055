/// The machine that a test needs, where the ordinary one will not do. `Tests/Runner` makes it.
struct TestMachine {
  /// Its memory, as QEMU writes it: `64M`, `16G`.
  var memory: String?
  /// Its CPU, by QEMU's name.
  var processor: String?
  /// How many CPUs it has.
  var processorCount: Int?
  /// A device that it has besides the ordinary ones, by QEMU's name.
  var device: String?
  /// Whether the loader loads a module.
  var hasModule = false
}
