import Foundations
import Machine
import SyntheticFiles

/// What the directory of a device in /sys is in.
///
/// Devices of a class that belong to one device have a directory between, `virtio0/input/input3`, which is there as long as one of them
/// is. Source: Linux Documentation/admin-guide/sysfs-rules.rst.
///
/// Used under the file system's lock for making and removing devices.
final class SystemDevicePlace {
  let directory: SyntheticDirectory
  /// From /sys on, without a slash before it.
  let path: PathText
  /// What the directory between is called, and is in; nil for a device's own.
  private let between: (name: StaticString, container: SyntheticDirectory)?

  /// A directory that stays when nothing is in it.
  init(_ directory: SyntheticDirectory, _ path: PathText) {
    (self.directory, self.path) = (directory, path)
    between = nil
  }

  /// A directory for devices of one class, `name` in `container`.
  init(
    _ directory: SyntheticDirectory, _ path: PathText, ownName name: StaticString, in container: SyntheticDirectory
  ) {
    (self.directory, self.path) = (directory, path)
    between = (name, container)
  }

  /// Removes the directory between when its last device has gone.
  func dropIfEmpty() {
    guard let between, directory.isEmpty else { return }
    between.container.remove(named: between.name)
  }
}
