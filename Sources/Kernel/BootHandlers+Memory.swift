import BootInformation
import Foundations
import Machine

extension BootHandlers {
  /// Switches to the kernel's own page tables and walks all of them.
  static func memory(_ state: inout BootState) -> BootOutcome {
    do throws(MachineError) {
      try KernelAddressSpace.install(state.plan)
    } catch {
      switch error {
      case .outOfMemory: return .failed("no memory for the page tables")
      case .alreadyMapped(let address): return .failed("two ranges share \(hex: address)")
      case .missingFeature, .tooEarly: return .failed("the page tables cannot be built")
      }
    }
    let audit = AddressSpaceAudit.run()
    guard audit.writableAndExecutable == 0 else {
      return .failed("\(audit.writableAndExecutable) pages are writable and executable")
    }
    guard audit.userPages == 0 else { return .failed("\(audit.userPages) pages are mapped where programs live") }
    guard AddressSpaceAudit.access(at: ImageLayout.bootStack.lowerBound - 1) == nil else {
      return .failed("the boot stack has no guard page")
    }
    return .done("\(bytes: state.information.memoryMap.usableByteCount) usable, W^X in \(audit.pages) pages")
  }
}
