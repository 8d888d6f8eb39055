import Foundations
import Input
import InputFiles
import Machine
import SyntheticFiles

/// `/proc/bus/input`: the input devices and who hears their events. Source: Linux Documentation/input/input.rst.
extension ProcessFileSystem {
  func addInputFiles(to buses: SyntheticDirectory) throws(Errno) {
    let facts = facts
    let directory = try buses.addDirectory("input")
    try directory.add("devices") { text in
      var index = 0
      while let device = InputDevices.device(at: index) {
        index += 1
        InputListText.writeBeginning(of: device, to: &text)
        facts.writePath(of: device, to: &text)
        InputListText.writeEnd(of: device, to: &text)
      }
    }
    try directory.add("handlers") { text in InputListText.writeHandlers(to: &text) }
  }
}
