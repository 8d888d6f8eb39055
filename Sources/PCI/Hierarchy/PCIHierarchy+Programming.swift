import Foundations
import Machine

/// Writing addresses to functions.
extension PCIHierarchy {
  /// Writes every address that differs from what a function has.
  ///
  /// First all functions concerned stop decoding, then all get their addresses, then they decode again: at no time do two
  /// answer to one address. A function with a range that has no address does not decode that kind. Functions that were placed
  /// before are in use and go on decoding; of them only bridges change, which open windows that were closed.
  mutating func program() {
    for index in 0..<functions.count where functions[index].isNew && needsProgramming(functions[index]) {
      functions[index].setDecoding(ports: false, memory: false)
    }
    for index in 0..<functions.count where needsProgramming(functions[index]) {
      functions[index].program()
      if functions[index].isBridge { functions[index].isNew = true }
    }
    for index in 0..<functions.count where functions[index].isNew {
      restoreDecoding(functions[index])
      functions[index].isNew = false
    }
  }

  private func needsProgramming(_ function: PCIFunction) -> Bool {
    guard function.isPresent else { return false }
    var current = function
    current.resources = InlineArray(repeating: PCIResource())
    for index in 0..<function.baseAddressCount where function.resources[index].isAssigned {
      if function.resources[index].base != function.currentBase(index) { return true }
    }
    guard function.isBridge else { return false }
    current.readWindows()
    for slot in PCIResourceSlot.portWindow.rawValue..<PCIResourceSlot.count {
      // A window that another bridge had claimed is closed in `function`, and open in the registers.
      if function.resources[slot].range != current.resources[slot].range { return true }
    }
    return false
  }

  private func restoreDecoding(_ function: PCIFunction) {
    guard function.isPresent else { return }
    var ports = function.decodedPorts
    var memory = function.decodedMemory
    if function.isBridge {
      ports = ports || function[.portWindow].range != nil
      memory = memory || function[.memoryWindow].range != nil || function[.prefetchableWindow].range != nil
    }
    for slot in 0..<PCIResourceSlot.rom.rawValue {
      let resource = function.resources[slot]
      guard resource.kind != .none, !resource.isAssigned else { continue }
      if resource.kind == .ports { ports = false } else { memory = false }
    }
    let registers = function.registers
    let command = registers.command
    let isMaster = command.isMaster || function.secondaryBus != 0
    guard command.decodesPorts != ports || command.decodesMemory != memory || command.isMaster != isMaster else {
      return
    }
    registers.changeCommand {
      $0.decodesPorts = ports
      $0.decodesMemory = memory
      $0.isMaster = isMaster
    }
  }
}
