import Foundations
import Input
import KeyboardDriver
import Logging
import Machine

/// The terminal on the screen as the user of every keyboard.
enum KernelKeyboard {
  /// Has what is typed on any keyboard brought to `listener`, also on those that are there.
  ///
  /// - Context: a thread, once.
  static func start(_ listener: KeyboardListener) {
    do throws(Errno) {
      let map = Consoles.keyMap.withValue { $0 } ?? .us
      try InputDevices.add(TypingHandler(map, listener: listener))
    } catch {
      KernelLog.add(.error, .drivers, "nothing can be typed: error \(error.rawValue)")
    }
  }
}
