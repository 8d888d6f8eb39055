import Foundations
import PCI

/// What programs ask for, and what they are told.
final class FakeControl: PCIControl {
  var calls: [String] = []
  var byItself = true
  /// What to do when a function is to be removed.
  var onRemove: ((PCIAddress) -> Void)?

  private func note(_ call: String, _ address: PCIAddress) {
    calls.append("\(call) \(String(address.routing, radix: 16))")
  }

  override func bind(_ address: PCIAddress, to driver: StaticString) throws(Errno) { note("bind \(driver)", address) }
  override func unbind(_ address: PCIAddress, from driver: StaticString) throws(Errno) {
    note("unbind \(driver)", address)
  }
  override func probe(_ address: PCIAddress) throws(Errno) { note("probe", address) }
  override var bindsByItself: Bool { byItself }
  override func setBindsByItself(_ does: Bool) throws(Errno) { byItself = does }
  override func add(_ identity: PCIDynamicIdentity, to driver: StaticString) throws(Errno) {
    calls.append("add \(Self.text(identity)) \(driver)")
  }
  override func remove(_ identity: PCIDynamicIdentity, from driver: StaticString) throws(Errno) {
    calls.append("remove \(Self.text(identity)) \(driver)")
  }
  private static func text(_ identity: PCIDynamicIdentity) -> String {
    let numbers = [identity.vendor, identity.device, identity.subsystemVendor, identity.subsystemDevice]
    let texts =
      numbers.map { $0.map { String($0, radix: 16) } ?? "any" } + [
        String(identity.classCode, radix: 16), String(identity.classMask, radix: 16),
      ]
    return texts.joined(separator: ":") + (identity.isComplete ? "!" : "")
  }
  override func remove(_ address: PCIAddress) throws(Errno) {
    note("remove", address)
    onRemove?(address)
  }
  override func rescan(bus: PCIAddress?) throws(Errno) { calls.append("rescan \(bus.map { "\($0.bus)" } ?? "all")") }
  override func reset(_ address: PCIAddress) throws(Errno) { note("reset", address) }
  override func setSlotAttention(_ port: PCIAddress, _ indicator: PCIExpress.Indicator) throws(Errno) {
    note("attention \(indicator.rawValue)", port)
  }
  override func setSlotPower(_ port: PCIAddress, isOn: Bool) throws(Errno) { note("power \(isOn)", port) }
  override func addressBits(of address: PCIAddress) -> Int { 64 }
}
