import Foundations
import Machine
import Synchronization
import SyntheticFiles

/// `power` of every device. Devices do not rest while they are idle, whatever the policy that programs set would allow, and that is what
/// the figures say. Source: Linux Documentation/ABI/testing/sysfs-devices-power.
extension SystemFileSystem {
  func addPower(to directory: SyntheticDirectory) throws(Errno) {
    let power = try add("power", to: directory)
    let policy = PowerPolicy()
    try power.add(
      "control", permissions: 0o644,
      { text in text.write(policy.mayRest.load(ordering: .relaxed) ? "auto\n" : "on\n") },
      accepts: { (text: Span<UInt8>) throws(Errno) in
        let word = AttributeText.line(text)
        guard word.isEqual(to: "auto") || word.isEqual(to: "on") else { throw .EINVAL }
        policy.mayRest.store(word.isEqual(to: "auto"), ordering: .relaxed)
      })
    // As Linux for what has no such delay.
    try power.add(
      "autosuspend_delay_ms", permissions: 0o644, { (_: inout TextBuffer) throws(Errno) in throw .EIO },
      accepts: { (_: Span<UInt8>) throws(Errno) in throw .EIO })
    try power.addWord("runtime_status", "unsupported")
    try power.addNumber("runtime_active_time", 0)
    try power.addNumber("runtime_suspended_time", 0)
  }
}

private final class PowerPolicy {
  let mayRest = Atomic<Bool>(true)
}
