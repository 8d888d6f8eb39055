/// Finds handlers that a spec names and no Swift function provides.
enum HandlerCheck {
  /// Checks every handler of `handlers`; each name is looked up once, and reported at every place that uses it.
  ///
  /// - Parameter arguments: the parameter list to suggest, such as `_ frame: borrowing TrapFrame`.
  /// - Throws: a diagnostic for each handler that cannot be called.
  static func check(_ handlers: [Located<String>], arguments: String, _ context: GenerationContext) throws(SpecErrors) {
    var mistakes: [String: (problem: String, remedy: String)?] = [:]
    var diagnostics: [Diagnostic] = []
    for handler in handlers {
      let known = mistakes[handler.value]
      let mistake = known ?? context.functions.mistake(in: handler.value, arguments: arguments)
      mistakes[handler.value] = .some(mistake)
      guard let mistake else { continue }
      diagnostics.append(
        Diagnostic(
          file: context.document.file, position: handler.position, path: handler.path, problem: mistake.problem,
          remedy: mistake.remedy))
    }
    if !diagnostics.isEmpty { throw SpecErrors(diagnostics) }
  }
}
