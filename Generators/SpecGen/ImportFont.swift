import ArgumentParser
import Foundation
import SpecKit

/// Writes the console's font spec anew from the fonts of Debian's package.
struct ImportFont: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Imports an 8 by 16 font in X11's portable compiled format.",
    discussion: """
      The fonts must be unpacked: gzip -dc ter-u16n_unicode.pcf.gz > normal.pcf. Debian's package xfonts-terminus has them in \
      /usr/share/fonts/X11/misc.
      """)

  @Option(help: "The font for normal text.", completion: .file(extensions: ["pcf"]))
  var normal: String

  @Option(help: "The font for bold text.", completion: .file(extensions: ["pcf"]))
  var bold: String

  @Option(help: "What the font is called here.")
  var name: String

  @Option(help: "Where the font comes from, with its version.")
  var source: String

  @Option(help: "The copyright line of the font.")
  var copyright: String

  @Option(help: "The spec to write.", completion: .file(extensions: ["json"]))
  var output: String

  func run() throws {
    let text = FontImport.spec(
      normal: try read(normal), bold: try read(bold),
      description: FontImport.Description(source: source, name: name, copyright: copyright))
    try Data(text.utf8).write(to: URL(filePath: output))
  }

  private func read(_ path: String) throws -> PortableCompiledFont {
    let bytes = [UInt8](try Data(contentsOf: URL(filePath: path)))
    do throws(PortableCompiledFont.Problem) {
      return try PortableCompiledFont(bytes)
    } catch {
      throw ValidationError("\(path): \(error)")
    }
  }
}
