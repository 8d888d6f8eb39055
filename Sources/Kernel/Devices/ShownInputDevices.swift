import Foundations
import Input
import Machine

/// The input devices by which programs reach things of the drivers', such as buttons: which stands for which.
///
/// Its lock is a leaf: devices are registered, and die, outside of it.
final class ShownInputDevices<Subject: AnyObject> {
  private struct Shown {
    let subject: Subject
    let device: InputDevice
  }

  private let shown = SpinLock(GrowableArray<Shown>())

  /// Shows `device`, which stands for `subject`, as a part of `parent`.
  ///
  /// - Throws: as `InputDevices.register`, `ENOMEM`; it is not shown then.
  /// - Context: a thread without locks.
  func add(_ subject: Subject, _ device: InputDevice, below parent: InputParent) throws(Errno) {
    try InputDevices.register(device, below: parent)
    do throws(Errno) {
      try shown.withLock { shown throws(Errno) in try shown.append(Shown(subject: subject, device: device)) }
    } catch {
      InputDevices.unregister(device)
      throw error
    }
  }

  /// Shows what stands for `subject` no longer, if something does.
  ///
  /// - Context: a thread without locks.
  func remove(_ subject: Subject) {
    let device: InputDevice? = shown.withLock { shown in
      guard let index = Self.index(of: subject, shown) else { return nil }
      return shown.remove(at: index).device
    }
    if let device { InputDevices.unregister(device) }
  }

  /// What stands for `subject`; nil when nothing is shown.
  ///
  /// - Context: any.
  func device(of subject: Subject) -> InputDevice? {
    shown.withLock { shown in
      guard let index = Self.index(of: subject, shown) else { return nil }
      return shown[index].device
    }
  }

  private static func index(of subject: Subject, _ shown: borrowing GrowableArray<Shown>) -> Int? {
    for index in 0..<shown.count where shown[index].subject === subject { return index }
    return nil
  }
}
